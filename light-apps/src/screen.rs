//! The console: lines of several tasks, and one question that is asked again below them.

use std::fmt::{self, Display};
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Standard output, or any writer; shared by clones.
///
/// What is written while a question stands open goes above it on a terminal, and below it elsewhere.
#[derive(Clone)]
pub struct Screen(Arc<Mutex<Inner>>);

struct Inner {
    out: Box<dyn Write + Send>,
    /// Somebody types, and sees it.
    terminal: bool,
    /// The question that was asked.
    asked: Option<&'static str>,
    /// Nobody reads any more.
    broken: bool,
}

impl Screen {
    /// Standard output.
    pub fn standard() -> Self {
        Self::new(io::stdout(), io::stdin().is_terminal() && io::stdout().is_terminal())
    }

    /// Any writer. On a terminal what is typed is seen without us.
    pub fn new(out: impl Write + Send + 'static, terminal: bool) -> Self {
        Self(Arc::new(Mutex::new(Inner { out: Box::new(out), terminal, asked: None, broken: false })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody types, and sees it.
    pub fn is_terminal(&self) -> bool {
        self.lock().terminal
    }

    /// Nobody reads any more: a closed pipe.
    pub fn is_broken(&self) -> bool {
        self.lock().broken
    }

    /// A question is open.
    pub fn is_asking(&self) -> bool {
        self.lock().asked.is_some()
    }

    /// Writes a line.
    pub fn line(&self, line: impl Display) {
        self.lock().aside(|inner| inner.write(&format!("{line}\n")));
    }

    /// Asks for a line.
    pub fn ask(&self, question: &'static str) {
        let mut inner = self.lock();
        inner.asked = Some(question);
        inner.write(question);
    }

    /// A line was given, with Enter. A terminal has shown it already; elsewhere it is shown now, so that a transcript
    /// looks the same.
    pub fn entered(&self, line: &str) {
        let mut inner = self.lock();
        if inner.asked.take().is_some() && !inner.terminal {
            inner.write(&format!("{line}\n"));
        }
    }

    /// No line will be given: ends the line of the question, if one is open.
    pub fn end(&self) {
        let mut inner = self.lock();
        if inner.asked.take().is_some() {
            inner.write("\n");
        }
    }

    /// Does something that writes to the same terminal by another way.
    pub fn beside(&self, write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let mut inner = self.lock();
        if !inner.terminal {
            return write();
        }
        let mut result = Ok(());
        inner.aside(|_| result = write());
        result
    }
}

impl Inner {
    fn aside(&mut self, write: impl FnOnce(&mut Self)) {
        if self.asked.is_some() {
            self.write(if self.terminal { "\r\x1b[K" } else { "\n" });
        }
        write(self);
        if let Some(question) = self.asked {
            self.write(question);
        }
    }

    fn write(&mut self, text: &str) {
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        self.broken |= written.is_err();
    }
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen").finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A writer whose text can be seen.
    #[derive(Clone, Default)]
    pub(crate) struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Paper {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[track_caller]
    fn shows(terminal: bool, play: impl Fn(&Screen), expected: &str) {
        let paper = Paper::default();
        play(&Screen::new(paper.clone(), terminal));
        assert_eq!(paper.text(), expected);
    }

    fn conversation(screen: &Screen) {
        screen.line("hello");
        screen.ask("? ");
        screen.line("news");
        screen.entered("ON");
        screen.line("done");
        screen.ask("? ");
        screen.end();
    }

    #[test]
    fn a_pipe_gets_whole_lines_and_what_was_entered() {
        shows(false, conversation, "hello\n? \nnews\n? ON\ndone\n? \n");
    }

    #[test]
    fn a_terminal_keeps_the_question_below() {
        shows(true, conversation, "hello\n? \r\x1b[Knews\n? done\n? \n");
    }

    #[test]
    fn a_closed_pipe_is_noticed() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let screen = Screen::new(Closed, false);
        screen.line("x");
        assert!(screen.is_broken());
    }
}
