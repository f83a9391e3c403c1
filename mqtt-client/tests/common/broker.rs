//! Real brokers for tests: on free ports of this machine, in temporary folders, gone when the test is over.
//!
//! Needs nothing but the standard library: tests of other crates include it by its path.
#![allow(dead_code, reason = "no test uses all of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that panics fails")]

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Sends a signal, e.g. `INT`, to a process that a test has started.
#[track_caller]
pub(crate) fn signal(name: &str, process: u32) {
    // A shell has `kill` where no package brings one.
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).status();
    assert!(sent.unwrap().success(), "{process} can't be sent {name}");
}

/// A broker that runs. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Broker {
    kind: Kind,
    folder: Folder,
    config: String,
    ports: Vec<u16>,
    child: Option<Child>,
    log: Arc<Mutex<String>>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Mosquitto,
    Nats,
}

impl Broker {
    /// Mosquitto for anybody on [`port`](Self::port). Sessions and retained messages outlive [`stop`](Self::stop) and
    /// [`start`](Self::start).
    pub(crate) fn mosquitto() -> Self {
        Self::mosquitto_with(
            Folder::new(),
            "listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {folder}/\n",
        )
    }

    /// Mosquitto with this configuration, in which `{folder}`, `{port}`, `{port2}` to `{port9}` are replaced.
    pub(crate) fn mosquitto_with(folder: Folder, config: &str) -> Self {
        // Else, started by root, it takes another user and can't read the folder. Debian's default is to keep only
        // 1,000 messages for a client that is away.
        Self::run(Kind::Mosquitto, folder, &format!("user root\nmax_queued_messages 0\n{config}"))
    }

    /// The NATS server with JetStream, MQTT on [`port`](Self::port).
    pub(crate) fn nats() -> Self {
        let config = "server_name: test\nlisten: \"127.0.0.1:-1\"\njetstream { store_dir: \"{folder}\" }\n\
                      mqtt { listen: \"127.0.0.1:{port}\" }\n";
        Self::run(Kind::Nats, Folder::new(), config)
    }

    fn run(kind: Kind, folder: Folder, config: &str) -> Self {
        let mut broker =
            Self { kind, folder, config: config.to_owned(), ports: vec![], child: None, log: Arc::default() };
        // Between our look at a port and the broker's, somebody else can take it.
        for _ in 0..10 {
            broker.ports = free_ports(9);
            match broker.try_start() {
                Ok(()) => return broker,
                Err(log) if log.to_lowercase().contains("in use") => {}
                Err(log) => panic!("{kind:?} does not start:\n{log}"),
            }
        }
        panic!("{kind:?} finds no free port");
    }

    /// Its first port.
    pub(crate) fn port(&self) -> u16 {
        self.nth_port(1)
    }

    /// The port that its configuration calls `{portN}`.
    pub(crate) fn nth_port(&self, n: usize) -> u16 {
        *self.ports.get(n - 1).expect("ports are 1 to 9")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has written to standard error so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Asks it to stop, and waits until it has: it says goodbye and saves what it is to save.
    pub(crate) fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let asked_at = Instant::now();
        // Asked more than once: Mosquitto says that it runs before it listens to signals.
        while child.try_wait().unwrap().is_none() {
            signal("TERM", child.id());
            if asked_at.elapsed() > Duration::from_secs(30) {
                let _ = child.kill();
                let _ = child.wait();
                panic!("{:?} does not stop", self.kind);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // In vain if it ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again, on the same ports, in the same folder.
    pub(crate) fn start(&mut self) {
        self.kill();
        if let Err(log) = self.try_start() {
            panic!("{:?} does not start again:\n{log}", self.kind);
        }
    }

    /// Returns when it accepts connections; else gives what it said.
    fn try_start(&mut self) -> Result<(), String> {
        let (program, package, ready) = match self.kind {
            Kind::Mosquitto => ("mosquitto", "mosquitto", " running"),
            Kind::Nats => ("nats-server", "nats-server", "Server is ready"),
        };
        let mut config = self.config.replace("{folder}", self.folder.path().to_str().unwrap());
        for (index, port) in self.ports.iter().enumerate() {
            config = config.replace(&format!("{{port{}}}", index + 1), &port.to_string());
        }
        config = config.replace("{port}", &self.port().to_string());
        let config = self.folder.file("broker.conf", &config);
        let mut child = Command::new(find(program, package))
            .arg("-c")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program} can't be started: {error}"));
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        self.child = Some(child);
        let mut said = String::new();
        loop {
            let before = said.len();
            if stderr.read_line(&mut said).unwrap_or(0) == 0 {
                self.kill();
                return Err(said);
            }
            if said.get(before..).unwrap().contains(ready) {
                break;
            }
        }
        self.log.lock().unwrap().push_str(&said);
        // It would wait if nobody read on.
        let log = Arc::clone(&self.log);
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(count @ 1..) = stderr.read(&mut bytes) {
                log.lock().unwrap().push_str(&String::from_utf8_lossy(bytes.get(..count).unwrap()));
            }
        });
        Ok(())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Where a program is: Debian keeps brokers where only root's path leads.
///
/// # Panics
/// It is not installed. Says what installs it.
pub(crate) fn find(program: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{program} is not installed: apt-get install {package}"))
}

/// Ports of this machine that nobody listens on, all different.
pub(crate) fn free_ports(count: usize) -> Vec<u16> {
    let listeners: Vec<_> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect()
}

/// A temporary folder, removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("mqtt-test-{}-{number}", std::process::id()));
            // One of a process before that had the same id stays as it is.
            match std::fs::create_dir(&path) {
                Ok(()) => return Self(path),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => panic!("{}: {error}", path.display()),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into it.
    pub(crate) fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, contents).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is no reason to fail.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
