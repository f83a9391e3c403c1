//! `packet-inspector`: the command line. Each subcommand stands in a file of its own under `commands`.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

mod commands;

#[cfg(feature = "client")]
use commands::client;
#[cfg(feature = "proxy")]
use commands::proxy;
#[cfg(feature = "serve")]
use commands::serve;
use commands::{check, completions, decode, diff, encode, read, repair, stats, views};

/// See MQTT 3.1.1 packets: every field, every bit, and what is wrong with them.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, after_help = EXIT_STATUS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Decode packets from hex dumps, byte strings and the like
    #[command(after_help = decode::EXAMPLES)]
    Decode(decode::Decode),
    /// Read a capture: pcap or pcapng, also compressed, or what tcpdump writes to a pipe
    #[command(after_help = read::EXAMPLES)]
    Read(read::Read),
    /// Check a capture against the standard: findings only, each with its clause and frames
    #[command(after_help = check::EXAMPLES)]
    Check(check::Check),
    /// Show a capture's messages of QoS 1 and 2 with their acknowledgements and latencies
    Qos(views::View),
    /// Show a capture's clients, each with its connections
    Sessions(views::View),
    /// Show the topics of a capture as a tree
    Topics(views::View),
    /// Show the conversations of a capture as ladders
    Flow(views::Flow),
    /// Count a capture's packets, bytes, rates, latencies, sizes and findings
    #[command(after_help = stats::EXAMPLES)]
    Stats(stats::Arguments),
    /// Compare two packets, dumps or captures by what they mean
    #[command(after_help = diff::EXAMPLES)]
    Diff(diff::Diff),
    /// Build packets from options, or from the JSON that decode prints
    #[command(after_help = encode::EXAMPLES)]
    Encode(Box<encode::Encode>),
    /// Rank what damaged dumps may have been, by all the evidence there is
    #[command(after_help = repair::EXAMPLES)]
    Repair(repair::Repair),
    /// Stand between clients and a broker, and show what passes
    #[cfg(feature = "proxy")]
    #[command(after_help = proxy::EXAMPLES)]
    Proxy(proxy::Proxy),
    /// Talk to a broker, and show each packet
    #[cfg(feature = "client")]
    #[command(after_help = client::EXAMPLES)]
    Client(Box<client::Client>),
    /// Open a page for browsers: decode, captures, a test client, live traffic
    #[cfg(feature = "serve")]
    #[command(after_help = serve::EXAMPLES)]
    Serve(serve::Serve),
    /// Print a script that completes this command's arguments in a shell
    Completions(completions::Completions),
}

const EXIT_STATUS: &str = "Exit status: 0 nothing is wrong; 1 something is wrong with the packets; \
2 the input could not be understood, or wrong usage.";

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Decode(arguments) => arguments.run(),
        Command::Read(arguments) => arguments.run(),
        Command::Check(arguments) => arguments.run(),
        Command::Qos(arguments) => arguments.qos(),
        Command::Sessions(arguments) => arguments.sessions(),
        Command::Topics(arguments) => arguments.topics(),
        Command::Flow(arguments) => arguments.run(),
        Command::Stats(arguments) => arguments.run(),
        Command::Diff(arguments) => arguments.run(),
        Command::Encode(arguments) => arguments.run(),
        Command::Repair(arguments) => arguments.run(),
        #[cfg(feature = "proxy")]
        Command::Proxy(arguments) => arguments.run(),
        #[cfg(feature = "client")]
        Command::Client(arguments) => arguments.run(),
        #[cfg(feature = "serve")]
        Command::Serve(arguments) => arguments.run(),
        Command::Completions(arguments) => arguments.run(Cli::command()),
    }
}
