//! What a capture is read from: a file, or a pipe that may have nothing for a while.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use captures::Source;
use probes::wait;

/// The name of standard input among files.
pub const STDIN: &str = "-";

/// Anything that is not a regular file.
struct Pipe(File);

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Source for Pipe {
    fn is_ready(&mut self) -> bool {
        // Where the kernel would not say, reading says it.
        wait::readable(&[self.0.as_fd()], Duration::ZERO).map_or(true, |ready| ready == [true])
    }
}

/// A source, and whether asking it for more may wait.
pub struct Opened {
    pub source: Box<dyn Source>,
    pub is_pipe: bool,
}

/// Open a file or standard input.
///
/// # Errors
/// The system refuses, or it is a folder.
pub fn open(path: &Path) -> io::Result<Opened> {
    let file = if path.as_os_str() == STDIN {
        File::from(io::stdin().as_fd().try_clone_to_owned()?)
    } else {
        File::open(path)?
    };
    let kind = file.metadata()?;
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let is_pipe = !kind.is_file();
    let source: Box<dyn Source> = if is_pipe {
        Box::new(Pipe(file))
    } else {
        Box::new(file)
    };
    Ok(Opened { source, is_pipe })
}
