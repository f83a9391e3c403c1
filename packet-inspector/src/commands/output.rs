//! Files that are written: never over what is read, and as a whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Fails when a command would write over the file that it reads, under whatever name. `-` reads standard input.
///
/// # Errors
/// What to tell the user.
pub(crate) fn check(output: &Path, input: &Path) -> Result<(), String> {
    let input = if input == Path::new("-") { Path::new("/dev/stdin") } else { input };
    if is_same(output, input) {
        return Err(format!("{}: this is the input: name another file to write to", output.display()));
    }
    Ok(())
}

/// Whether both are one file with contents: nothing is lost in a device or a pipe.
fn is_same(one: &Path, other: &Path) -> bool {
    let (Ok(at_one), Ok(at_other)) = (fs::metadata(one), fs::metadata(other)) else { return false };
    if !at_one.is_file() {
        return false;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if (at_one.dev(), at_one.ino()) == (at_other.dev(), at_other.ino()) {
            return true;
        }
    }
    at_other.is_file()
        && matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Writes a file beside this one, which takes its place when all is written.
///
/// # Errors
/// Those of the writer and of the file system; then the file is as it was.
pub(crate) fn write(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let before = fs::metadata(path).ok();
    if before.as_ref().is_some_and(|before| !before.is_file()) {
        // A device or a pipe stays what it is.
        return filled(File::create(path)?, write);
    }
    // What a link leads to is written, not the link.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let beside = beside(&path);
    let file = File::create_new(&beside)?;
    let written = before
        .map_or(Ok(()), |before| file.set_permissions(before.permissions()))
        .and_then(|()| filled(file, write))
        .and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn filled(file: File, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    out.flush()
}

/// A name in the same folder, so that it can be renamed, that no other process uses.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}
