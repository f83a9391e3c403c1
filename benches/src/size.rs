//! What the codec alone takes in a program for a small device: builds the crates in `benches/size` and adds up the
//! sections of their objects.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, io};

/// Crates in `benches/size`, and what they hold.
const CRATES: [(&str, &str); 2] = [("size-ours", "mqtt-codec"), ("size-mqttrs", "mqttrs")];

/// Bytes of one codec.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Instructions: `.text`.
    pub text: usize,
    /// Constants: `.rodata`, and `.data.rel.ro`, which is the same with addresses in it.
    pub rodata: usize,
}

/// Builds each crate and measures it.
///
/// # Errors
/// It does not build, or there is no `size`, which comes with the linker in Debian's package `binutils`.
pub fn measure() -> io::Result<Vec<(&'static str, Size)>> {
    let target = target()?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo)
        .args(["build", "--quiet", "--release", "--locked", "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("size/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target))?;
    let of = |&(package, codec): &(&str, &'static str)| {
        let library = package.replace('-', "_");
        let archive = target.join("release").join(format!("lib{library}.a"));
        let listing = run(Command::new("size").arg("-A").arg(archive))?;
        Ok((codec, sum(&String::from_utf8_lossy(&listing.stdout), &library)))
    };
    CRATES.iter().map(of).collect()
}

/// Beside the folder of the profile that this program was built with.
fn target() -> io::Result<PathBuf> {
    let program = env::current_exe()?;
    let target = program.parent().and_then(Path::parent);
    Ok(target.ok_or_else(|| io::Error::other("this program lies in no target folder"))?.join("size"))
}

fn run(command: &mut Command) -> io::Result<Output> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output =
        command.output().map_err(|error| io::Error::new(error.kind(), format!("{program}: {error}")))?;
    if output.status.success() {
        Ok(output)
    } else {
        Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

/// The sections of the archive's objects that are of this library: the other ones are what the compiler puts into each
/// program. A line is a name and a size; before the sections of an object stands its name.
fn sum(listing: &str, library: &str) -> Size {
    let mut size = Size::default();
    let mut ours = false;
    for line in listing.lines() {
        if line.contains("(ex ") {
            ours = line.starts_with(library);
        }
        let mut words = line.split_whitespace();
        let (Some(section), Some(Ok(bytes))) = (words.next(), words.next().map(str::parse::<usize>)) else {
            continue;
        };
        if ours && section.starts_with(".text") {
            size.text += bytes;
        } else if ours && [".rodata", ".data.rel.ro"].iter().any(|it| section.starts_with(it)) {
            size.rodata += bytes;
        }
    }
    size
}

/// As a table in Markdown.
pub fn table(sizes: &[(&'static str, Size)]) -> String {
    let mut table = "| | .text | .rodata | together |\n|---|--:|--:|--:|\n".to_owned();
    for (codec, Size { text, rodata }) in sizes {
        // Writing to a `String` does not fail.
        let _ = writeln!(table, "| {codec} | {text} | {rodata} | {} |", text + rodata);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_and_constants_of_our_objects_count() {
        let listing = "\
size_ours-1.rcgu.o   (ex target/libsize_ours.a):
section        size   addr
.text             0      0
.text.decode    100      0
.text.unlikely   20      0
.rodata.cst16    16      0
.data.rel.ro.X    8      0
.eh_frame       999      0
Total          1143


compiler_builtins-2.rcgu.o   (ex target/libsize_ours.a):
section        size   addr
.text.memcpy     50      0
Total            50
";
        assert_eq!(sum(listing, "size_ours"), Size { text: 120, rodata: 24 });
    }
}
