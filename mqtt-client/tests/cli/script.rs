//! Conversations of the command with a scripted server, as text.
//!
//! ```text
//! ## a name
//! $ pub -i a -t t -m x -q 1      what is called; the server's address is added
//! > 10 0d "MQTT" 04 02 003c "a"  the client sends just these bytes next
//! >> 61*1000000                  the same, and the server takes five seconds to read them
//! < 20 02 00 00                  the server sends these, `<<` byte by byte
//! cut                            the server closes; the client may connect again
//! closed                         the client has closed, and sent nothing more
//! | x                            a line for standard input, `|| 78` are bytes; `eof` is its end
//! pause                          the server takes two seconds before it goes on
//! signal TERM
//! . x                            a line of standard output, `..` without its end; there are no others
//! ! text                         standard error has it; without any, it is empty
//! = 0                            the exit status
//! ```
//!
//! Bytes are hex, `"text"` with its length before it, `'text'` without, and `61*300` for many.

#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) name: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) steps: Vec<Step>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<String>,
    pub(crate) status: i32,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Expect(Vec<u8>),
    ExpectSlowly(Vec<u8>),
    Send(Vec<u8>),
    SendSlowly(Vec<u8>),
    Pause,
    Cut,
    Closed,
    Input(Vec<u8>),
    EndInput,
    Signal(String),
}

/// All scripts of a text.
pub(crate) fn parse(text: &str) -> Vec<Script> {
    text.split("\n## ").skip(1).map(script).collect()
}

fn script(text: &str) -> Script {
    let (name, lines) = text.split_once('\n').unwrap();
    let mut script = Script {
        name: name.to_owned(),
        arguments: vec![],
        environment: vec![],
        steps: vec![],
        stdout: vec![],
        stderr: vec![],
        status: -1,
    };
    for line in lines.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let step = match word {
            "$" => {
                script.arguments = words(rest);
                continue;
            }
            "env" => {
                let (name, value) = rest.split_once('=').unwrap();
                script.environment.push((name.into(), value.into()));
                continue;
            }
            "." => {
                script.stdout.extend(unescape(rest));
                script.stdout.push(b'\n');
                continue;
            }
            ".." => {
                script.stdout.extend(unescape(rest));
                continue;
            }
            "!" => {
                script.stderr.push(String::from_utf8(unescape(rest)).unwrap());
                continue;
            }
            "=" => {
                script.status = rest.parse().unwrap();
                continue;
            }
            ">" => Step::Expect(bytes(rest)),
            ">>" => Step::ExpectSlowly(bytes(rest)),
            "<" => Step::Send(bytes(rest)),
            "<<" => Step::SendSlowly(bytes(rest)),
            "pause" => Step::Pause,
            "cut" => Step::Cut,
            "closed" => Step::Closed,
            "|" => Step::Input([unescape(rest), b"\n".to_vec()].concat()),
            "||" => Step::Input(bytes(rest)),
            "eof" => Step::EndInput,
            "signal" => Step::Signal(rest.to_owned()),
            _ => panic!("{name}: {line:?} is not understood"),
        };
        script.steps.push(step);
    }
    assert!(!script.arguments.is_empty() && script.status >= 0, "{name} has arguments and a status");
    script
}

/// Words, or several in single quotes.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![];
    for (n, part) in text.split('\'').enumerate() {
        match n % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

/// See the module.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = vec![];
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let token;
        if let Some(quote) = quote {
            (token, rest) = rest.strip_prefix(quote).unwrap().split_once(quote).unwrap();
            let content = unescape(token);
            if quote == '"' {
                bytes.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
            }
            bytes.extend(content);
        } else {
            (token, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            let (digits, times) = token.split_once('*').unwrap_or((token, "1"));
            let some = hex::decode(digits).unwrap_or_else(|error| panic!("{token}: {error}"));
            bytes.extend(some.repeat(times.parse().unwrap()));
        }
        rest = rest.trim_start();
    }
    bytes
}

/// `\n`, `\0`, `\\` and `\xNN`.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = vec![];
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next().unwrap() {
                b'n' => b'\n',
                b'0' => 0,
                b'\\' => b'\\',
                b'x' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                other => panic!("\\{other} is not understood"),
            },
            byte => byte,
        });
    }
    bytes
}

#[test]
fn bytes_are_read_as_they_are_written() {
    assert_eq!(bytes(r#"10 0d "MQ\x00" 'a b' 61*3 0004"#), b"\x10\x0d\x00\x03MQ\0a baaa\x00\x04");
}
