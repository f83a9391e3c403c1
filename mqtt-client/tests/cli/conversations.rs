//! Conversations with a scripted server: exact bytes both ways, exit status, output.

use crate::conversation::run_all;

#[test]
fn options_become_connect() {
    run_all(include_str!("conversations/connect.txt"), 30);
}

#[test]
fn messages_are_published() {
    run_all(include_str!("conversations/publish.txt"), 25);
}

#[test]
fn messages_are_received() {
    run_all(include_str!("conversations/subscribe.txt"), 30);
}

#[test]
fn sessions_are_resumed() {
    run_all(include_str!("conversations/resume.txt"), 20);
}

#[test]
fn servers_that_break_the_protocol_are_left() {
    run_all(include_str!("conversations/violations.txt"), 50);
}

#[test]
fn connections_are_kept_alive() {
    run_all(include_str!("conversations/keep_alive.txt"), 12);
}

#[test]
fn many_cuts_lose_and_double_nothing() {
    run_all(include_str!("conversations/cuts.txt"), 8);
}
