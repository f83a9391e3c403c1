use clap::CommandFactory;

use super::*;

#[test]
fn the_command_lines_are_consistent() {
    ControllerOptions::command().debug_assert();
    DashboardOptions::command().debug_assert();
}

#[track_caller]
fn refuses(arguments: &[&str]) {
    let all = std::iter::once(&"x").chain(arguments);
    assert!(ControllerOptions::try_parse_from(all.clone()).is_err(), "{arguments:?}");
    assert!(DashboardOptions::try_parse_from(all).is_err(), "{arguments:?}");
}

#[test]
fn what_can_t_be_is_refused() {
    refuses(&["--id", "a/b"]);
    refuses(&["--id", "all"]);
    refuses(&["--broker", "http://h"]);
    refuses(&["--password-file", "x"]);
    refuses(&["--timeout", "0", "--command-timeout", "0"]);
    refuses(&["--timeout", "nan", "--led", "../x"]);
    refuses(&["--timeout", "1e9", "--on-command", "x"]);
    refuses(&["--id", "x", "--house", "--led", "x", "--on-command", "x", "--off-command", "x"]);
    refuses(&["--share", "a/b"]);
    refuses(&["--port", "1", "--broker", "h"]);
}

#[cfg(feature = "web")]
#[test]
fn a_page_is_on_this_machine_unless_it_is_said() {
    let page = |arguments: &[&str]| {
        let options = DashboardOptions::try_parse_from([&["x"], arguments].concat()).unwrap();
        options.web.web.map(|address| address.to_string())
    };
    assert_eq!(page(&["--house"]), None);
    for arguments in [&["--web", "--house"][..], &["--web", "8080"], &["--web", "localhost:8080"]] {
        assert_eq!(page(arguments).as_deref(), Some("127.0.0.1:8080"));
    }
    assert_eq!(page(&["--web", "[::1]:0"]).as_deref(), Some("[::1]:0"));
    refuses(&["--web", "bench.lab:80"]);
    refuses(&["--web", "0", "--web-token", "a b"]);
    refuses(&["--web", "0", "--watch"]);
}

#[test]
fn several_addresses_are_taken() {
    let options =
        DashboardOptions::try_parse_from(["x", "--broker", "a,mqtt://b:1", "--broker", "[::1]"]).unwrap();
    let shown: Vec<_> = options.broker.broker.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["mqtt://a:1883", "mqtt://b:1", "mqtt://[::1]:1883"]);
}

#[test]
fn the_password_comes_from_its_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "se cret\r\n").unwrap();
    let path = file.path().to_str().unwrap();
    let options = ControllerOptions::try_parse_from(["x", "--user", "me", "--password-file", path]).unwrap();
    assert_eq!(options.broker.password().unwrap().as_deref(), Some("se cret"));
}
