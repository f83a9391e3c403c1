//! The lab's homework in one command: `light demo`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use light_apps::crowd::{self, CrowdOptions};
use light_apps::programs::{self, DemoOptions};
use light_apps::run::run;
use light_apps::screen::Screen;

/// Lights over MQTT.
#[derive(Debug, Parser)]
#[command(name = "light", version)]
enum Command {
    /// The lab's homework in one terminal: a broker, a controller and a dashboard
    Demo(DemoOptions),
    /// Many controllers and one dashboard in one process, and what becomes of their commands
    Crowd(CrowdOptions),
}

fn main() -> ExitCode {
    let screen = Screen::standard();
    match Command::parse() {
        Command::Demo(options) => run(options.broker.log().as_deref(), &screen, |stop| {
            programs::demo(options, screen.clone(), stop)
        }),
        Command::Crowd(options) => {
            run(options.broker.log().as_deref(), &screen, |stop| crowd::run(options, screen.clone(), stop))
        }
    }
}
