//! Switches a light as a dashboard says, and says what it is.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use light_apps::options::ControllerOptions;
use light_apps::programs;
use light_apps::run::run;
use light_apps::screen::Screen;

fn main() -> ExitCode {
    let options = ControllerOptions::parse();
    let screen = Screen::standard();
    run(options.broker.log().as_deref(), &screen, |stop| programs::controller(options, screen.clone(), stop))
}
