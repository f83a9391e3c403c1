//! Programs that run beside a test: what they say is waited for, not slept for.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::broker::{find, signal};

/// A program; killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap_or_else(|error| {
            panic!("{} cannot be started: {error}", command.get_program().display());
        });
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    /// Waits for a line that begins so.
    pub(crate) fn says(mut self, start: &str) -> Self {
        let mut line = String::new();
        while !line.starts_with(start) {
            line.clear();
            assert!(self.out.read_line(&mut line).unwrap() > 0, "it ended without saying {start:?}");
        }
        self
    }

    /// Waits until it has ended by itself.
    pub(crate) fn end(mut self) -> ExitStatus {
        // It would wait if nobody read on.
        let mut rest = Vec::new();
        self.out.read_to_end(&mut rest).unwrap();
        self.child.wait().unwrap()
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn terminate(self) {
        signal("TERM", self.child.id());
        self.end();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // In vain if it ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How long a packet may take into the capture, on a machine with much else to do.
const LONGEST: Duration = Duration::from_secs(60);

/// What the kernel keeps for the recorder, in MiB: more than all that passes, or packets are dropped on a machine whose
/// processors are too busy to let the recorder run.
const BUFFER: &str = "64";

/// A capture that is being made.
pub(crate) struct Recording {
    child: Child,
    captured: Arc<(Mutex<Vec<u8>>, Condvar)>,
    reader: JoinHandle<()>,
}

impl Recording {
    /// Records what passes these ports of the loopback interface, once this has returned.
    pub(crate) fn start(ports: &[u16]) -> Self {
        let filter: Vec<_> = ports.iter().map(|port| format!("tcp port {port}")).collect();
        let mut child = Command::new(find("dumpcap", "wireshark-common"))
            .args(["-q", "-B", BUFFER, "-i", "lo", "-f", &filter.join(" or "), "-w", "-"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = child.stdout.take().unwrap();
        let captured = Arc::<(Mutex<Vec<u8>>, Condvar)>::default();
        let shared = Arc::clone(&captured);
        let reader = std::thread::spawn(move || {
            let mut piece = vec![0; 64 << 10];
            while let Ok(len @ 1..) = out.read(&mut piece) {
                shared.0.lock().unwrap().extend_from_slice(&piece[..len]);
                shared.1.notify_all();
            }
        });
        let mut recording = Self { child, captured, reader };
        // The header of the file is written when the interface is open.
        recording.wait_for(|bytes| !bytes.is_empty());
        recording
    }

    fn wait_for(&mut self, is_there: impl Fn(&[u8]) -> bool) {
        let (bytes, changed) = &*self.captured;
        let bytes = bytes.lock().unwrap();
        let (bytes, waited) = changed.wait_timeout_while(bytes, LONGEST, |bytes| !is_there(bytes)).unwrap();
        let len = bytes.len();
        drop(bytes);
        if waited.timed_out() {
            let _ = self.child.kill();
            let mut said = String::new();
            let _ = self.child.stderr.take().unwrap().read_to_string(&mut said);
            panic!(
                "nothing more is captured behind {len} bytes; capturing needs root, or the capability:\n{said}"
            );
        }
    }

    /// Lets a last packet pass with this mark in it, and gives the capture as far as that.
    pub(crate) fn end(mut self, last: impl FnOnce(&str)) -> Vec<u8> {
        const MARK: &str = "this is the last packet";
        last(MARK);
        let is_there = |bytes: &[u8]| bytes.windows(MARK.len()).any(|part| part == MARK.as_bytes());
        self.wait_for(is_there);
        signal("INT", self.child.id());
        self.child.wait().unwrap();
        self.reader.join().unwrap();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        // "Packets received/dropped on interface 'Loopback: lo': 3143/0 (pcap:0/dumpcap:0/flushed:0/ps_ifdrop:0) (100.0%)"
        let counts = said.lines().find(|line| line.starts_with("Packets received/dropped"));
        assert!(
            counts.is_some_and(|line| line.contains("/0 (pcap:0/dumpcap:0/")),
            "packets are missing: {said}"
        );
        std::mem::take(&mut self.captured.0.lock().unwrap())
    }
}
