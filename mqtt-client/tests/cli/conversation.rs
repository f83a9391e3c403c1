//! A scripted server, and the command that it talks to.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::command::{PATIENCE, Running, mqtt, text};
use crate::script::{Script, Step, parse};

/// A slow server reads in so many parts, with this pause before each.
const PARTS: usize = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// How many go on at once: most wait for their client to start.
const AT_ONCE: usize = 6;

/// Runs all conversations of a text, and tells of all that go wrong.
#[track_caller]
pub(crate) fn run_all(conversations: &str, at_least: usize) {
    let scripts = parse(conversations);
    assert!(scripts.len() >= at_least, "{} conversations", scripts.len());
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(vec![]);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(script) = scripts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = run(script) {
                        failed.lock().unwrap().push(format!("## {}\n{error}", script.name));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} of {} failed\n{}", failed.len(), scripts.len(), failed.join("\n"));
}

fn run(script: &Script) -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut arguments: Vec<&str> = script.arguments.iter().map(String::as_str).collect();
    arguments.splice(1..1, ["-h", "127.0.0.1", "-p", &port]);
    let mut command = mqtt(&arguments);
    command.envs(script.environment.iter().map(|(name, value)| (name, value)));
    let mut running = Running::start(&mut command);
    let said = converse(&listener, &mut running, &script.steps);
    if said.is_err() {
        // Whatever it waits for does not come.
        running.signal("TERM");
    }
    let output = running.wait();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    let told = format!("status {:?}\nstdout: {stdout}\nstderr: {stderr}", output.status.code());
    said.map_err(|error| format!("{error}\n{told}"))?;
    let is_said = match script.stderr.is_empty() {
        true => stderr.is_empty(),
        false => script.stderr.iter().all(|expected| stderr.contains(expected)),
    };
    if output.status.code() == Some(script.status) && output.stdout == script.stdout && is_said {
        return Ok(());
    }
    let expected = text(&script.stdout);
    Err(format!(
        "{told}\nexpected: status {}\nstdout: {expected}\nstderr: {:?}",
        script.status, script.stderr
    ))
}

fn converse(listener: &TcpListener, running: &mut Running, steps: &[Step]) -> Result<(), String> {
    let mut connection: Option<TcpStream> = None;
    for (n, step) in steps.iter().enumerate() {
        let mut peer = || match &connection {
            Some(stream) => Ok(stream.try_clone().unwrap()),
            None => {
                let stream = accept(listener).map_err(|error| format!("step {n}: no connection: {error}"))?;
                connection = Some(stream.try_clone().unwrap());
                Ok::<_, String>(stream)
            }
        };
        match step {
            Step::Expect(expected) => expect(&mut peer()?, n, expected)?,
            Step::ExpectSlowly(expected) => {
                let mut stream = peer()?;
                for part in expected.chunks(expected.len().div_ceil(PARTS)) {
                    std::thread::sleep(PAUSE);
                    expect(&mut stream, n, part)?;
                }
            }
            // The client may have closed, which a later step sees.
            Step::Send(bytes) => drop(peer()?.write_all(bytes)),
            Step::SendSlowly(bytes) => {
                for byte in bytes {
                    let _ = peer()?.write_all(&[*byte]);
                }
            }
            Step::Pause => std::thread::sleep(20 * PAUSE),
            Step::Cut => {
                peer()?;
                connection = None;
            }
            Step::Closed => {
                let mut rest = vec![];
                match peer()?.read_to_end(&mut rest) {
                    Err(error) if error.kind() != ErrorKind::ConnectionReset => {
                        return Err(format!("step {n}: not closed: {error}"));
                    }
                    _ if rest.is_empty() => connection = None,
                    _ => return Err(differs(n, &rest, &[])),
                }
            }
            Step::Input(line) => running.write(line),
            Step::EndInput => running.end_input(),
            Step::Signal(signal) => running.signal(signal),
        }
    }
    Ok(())
}

/// The client sends just these bytes.
fn expect(stream: &mut TcpStream, step: usize, expected: &[u8]) -> Result<(), String> {
    let mut got = vec![0; expected.len()];
    let mut len = 0;
    while len < got.len() {
        match stream.read(&mut got[len..]) {
            Ok(0) | Err(_) => break,
            Ok(count) => len += count,
        }
    }
    got.truncate(len);
    if got == *expected { Ok(()) } else { Err(differs(step, &got, expected)) }
}

fn accept(listener: &TcpListener) -> std::io::Result<TcpStream> {
    // Of the standard library's, none can be waited for for some time only.
    let listener = listener.try_clone()?;
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (stream, _) = runtime.block_on(async {
        tokio::time::timeout(PATIENCE, tokio::net::TcpListener::from_std(listener)?.accept()).await?
    })?;
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn differs(step: usize, got: &[u8], expected: &[u8]) -> String {
    let shown = |bytes: &[u8]| match bytes.len() {
        0..=200 => hex::encode(bytes),
        len => format!("{}... ({len} bytes)", hex::encode(&bytes[..200])),
    };
    format!("step {step}: the client sent\n  {}\nexpected\n  {}", shown(got), shown(expected))
}
