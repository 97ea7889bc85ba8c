//! Where results go: stdout or a file, whole or not at all.

use super::table::names_stream;
use anyhow::{Context, bail};
use same_file::Handle;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// An output that is opened before the work, so that a bad path is found first.
#[derive(Debug)]
pub enum Output {
    /// Standard output. A reader that went away is no failure.
    Stdout,
    /// A new file beside its final place, moved there by [`Output::write`] when complete.
    Replace {
        /// Not yet at its place.
        file: NamedTempFile,
        /// Its place.
        path: PathBuf,
    },
    /// A pipe or device, which cannot be replaced.
    Special {
        /// Open for writing.
        file: File,
        /// For messages.
        path: PathBuf,
    },
}

impl Output {
    /// Opens the output of a command that reads the table at `data`. That file itself is refused as
    /// output, under whatever name: the result would take the place of what it was made from.
    pub fn open_apart_from(data: &Path, path: Option<&Path>) -> anyhow::Result<Self> {
        let path = path.filter(|path| !names_stream(path));
        let read = Some(data).filter(|data| !names_stream(data));
        // Both are held open here, as some file systems number a file only while it is open.
        let table = regular(read, Handle::stdin);
        if table.is_some() && table == regular(path, Handle::stdout) {
            let shown = |path: Option<&Path>, stream: &str| match path {
                Some(path) => path.display().to_string(),
                None => stream.to_owned(),
            };
            bail!(
                "{}: is the table itself, read as {}, and the result would be written over it: name \
                 another file",
                shown(path, "stdout"),
                shown(read, "stdin")
            );
        }
        Self::open(path)
    }

    /// Stdout where there is no path or the path is `-`.
    pub fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path.filter(|path| !names_stream(path)) else {
            return Ok(Self::Stdout);
        };
        let cannot = || format!("{}: cannot write", path.display());
        let existing = match fs::metadata(path) {
            Ok(existing) => Some(existing),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(e).with_context(cannot),
        };
        let place = match existing {
            Some(meta) if meta.is_dir() => bail!("{}: is a folder", path.display()),
            Some(meta) if !meta.is_file() => {
                let file = File::options().write(true).open(path);
                return Ok(Self::Special {
                    file: file.with_context(cannot)?,
                    path: path.to_owned(),
                });
            }
            // Through a symbolic link, so that the link stays one.
            Some(_) => fs::canonicalize(path).with_context(cannot)?,
            None => path.to_owned(),
        };
        let folder = match place.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".kcorrset-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any new file: what the umask leaves of it.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        if !folder.is_dir() {
            bail!(
                "{}: there is no folder {}",
                path.display(),
                folder.display()
            );
        }
        // The kind alone: tempfile's message names the passing file.
        let file = builder.tempfile_in(folder).map_err(|e| e.kind());
        Ok(Self::Replace {
            file: file.map_err(io::Error::from).with_context(cannot)?,
            path: place,
        })
    }

    /// Whether both would be written to one place.
    pub fn is_same(&self, other: &Self) -> bool {
        let place = |output: &Self| match output {
            Self::Stdout => None,
            // A new file's folder is there, as the passing file is in it.
            Self::Replace { file, path } => {
                let folder = file.path().parent().and_then(|p| fs::canonicalize(p).ok());
                Some((folder, path.file_name().map(ToOwned::to_owned)))
            }
            Self::Special { path, .. } => Some((fs::canonicalize(path).ok(), None)),
        };
        place(self).is_some() && place(self) == place(other)
    }

    /// Lets `write` write everything, then puts it in place. Where it fails nothing is left behind,
    /// but for what stdout, a pipe or a device has already taken.
    pub fn write(
        self,
        write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        match self {
            Self::Stdout => {
                let mut out = Pipe::new(io::stdout().lock());
                let done = write(&mut out).and_then(|()| Ok(out.flush()?));
                if out.closed {
                    return Ok(());
                }
                done.context("cannot write to stdout")
            }
            Self::Replace { file, path } => {
                let cannot = || format!("{}: cannot write", path.display());
                let mut out = BufWriter::new(file);
                write(&mut out)?;
                let file = out.into_inner().map_err(io::IntoInnerError::into_error);
                let file = file.with_context(cannot)?;
                file.persist(&path).with_context(cannot)?;
                Ok(())
            }
            Self::Special { file, path } => {
                let cannot = || format!("{}: cannot write", path.display());
                let mut out = BufWriter::new(file);
                write(&mut out)?;
                out.flush().with_context(cannot)
            }
        }
    }
}

/// The regular file that `path` is, or `stream` where there is none. A terminal, pipe or device is
/// none: it may well be read and written, and to open a pipe takes part in it. Nor is a file that
/// cannot be opened: then it is not read either, and who opens it next says why.
fn regular(path: Option<&Path>, stream: fn() -> io::Result<Handle>) -> Option<Handle> {
    let handle = match path {
        None => stream(),
        Some(path) if fs::metadata(path).ok()?.is_file() => Handle::from_path(path),
        Some(_) => return None,
    };
    let handle = handle.ok()?;
    let is_file = handle.as_file().metadata().ok()?.is_file();
    is_file.then_some(handle)
}

/// A buffered writer that remembers whether its reader went away.
struct Pipe<W: Write> {
    out: BufWriter<W>,
    closed: bool,
}

impl<W: Write> Pipe<W> {
    fn new(out: W) -> Self {
        Self {
            out: BufWriter::with_capacity(1 << 16, out),
            closed: false,
        }
    }

    fn see<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let Err(e) = &result {
            self.closed |= e.kind() == io::ErrorKind::BrokenPipe;
        }
        result
    }
}

impl<W: Write> Write for Pipe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.out.write(bytes);
        self.see(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.out.flush();
        self.see(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_or_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let write = |text: &'static str, fail: bool| {
            Output::open(Some(&path)).unwrap().write(|out| {
                out.write_all(text.as_bytes())?;
                if fail {
                    bail!("on purpose")
                }
                Ok(())
            })
        };
        assert!(write("half", true).is_err());
        assert!(!path.exists());
        write("first", false).unwrap();
        assert!(write("half", true).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        write("second", false).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_found_before_the_work() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Output::open(Some(&folder.path().join("no/out"))).is_err());
        assert!(Output::open(Some(folder.path())).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_are_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let text = |out: &mut dyn Write| Ok(out.write_all(b"new")?);
        Output::open(Some(&link)).unwrap().write(text).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        let null = Output::open(Some(Path::new("/dev/null"))).unwrap();
        assert!(matches!(null, Output::Special { .. }));
        null.write(text).unwrap();
    }

    #[test]
    fn a_closed_pipe_is_remembered() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut pipe = Pipe::new(Closed);
        pipe.write_all(b"buffered").unwrap();
        assert!(!pipe.closed);
        assert!(pipe.flush().is_err());
        assert!(pipe.closed);
    }
}
