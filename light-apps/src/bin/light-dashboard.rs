//! Shows lights, and tells them what to be.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use light_apps::options::DashboardOptions;
use light_apps::programs;
use light_apps::run::run;
use light_apps::screen::Screen;

fn main() -> ExitCode {
    let options = DashboardOptions::parse();
    let screen = Screen::standard();
    run(options.broker.log().as_deref(), &screen, |stop| programs::dashboard(options, screen.clone(), stop))
}
