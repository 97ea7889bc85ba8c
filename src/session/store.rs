//! Where a session is kept: one file, the one before it, and a lock.
//!
//! ```text
//! FILE          the newest                       save:  write FILE.new, flush it to the disk
//! FILE.before   the one before it                       FILE → FILE.before
//! FILE.new      being written                           FILE.new → FILE, flush the folder to the disk
//! FILE.lock     held by the process that works
//! ```
//! Whenever a process ends, one of the first two is whole: between the renames it is the one before. No time is
//! read, so that clocks may go as they like.

use super::document::Document;
use super::file::{self, FileError, Kind};
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What a store asks of a file system; tests have one with faults.
pub trait Disk {
    /// Writes a file anew, all of it down to the disk.
    ///
    /// # Errors
    /// The system's.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Puts a file in the place of another.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Takes a file away.
    ///
    /// # Errors
    /// The system's.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Flushes the names in a folder to the disk.
    ///
    /// # Errors
    /// The system's.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files;

impl Disk for Files {
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.flush()?;
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    #[cfg(unix)]
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    /// Elsewhere folders cannot be opened as files; a rename is as lasting as the system makes it.
    #[cfg(not(unix))]
    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// Why a session is not opened, or not saved.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is one at this place.
    #[error("{}: there is a session here already; resume it, or remove it to begin anew", .0.display())]
    Exists(PathBuf),
    /// Something else is at this place.
    #[error("{}: is there already, and is no session: name another file for the session", .0.display())]
    Occupied(PathBuf),
    /// There is none.
    #[error("{}: there is no session here", .0.display())]
    NoSession(PathBuf),
    /// Another process works on it.
    #[error(
        "{}: another process works on this session, and holds {}: wait for its end, or stop it",
        .session.display(), .lock.display()
    )]
    Locked {
        /// Its file.
        session: PathBuf,
        /// The file that is locked.
        lock: PathBuf,
    },
    /// What is there cannot be taken.
    #[error("{}: {why}", .path.display())]
    Unread {
        /// Its file.
        path: PathBuf,
        /// Why.
        why: FileError,
    },
    /// Neither the newest file nor the one before it can be taken.
    #[error("{}: {newest}; the one before it, {}: {before}", .path.display(), .path_before.display())]
    Neither {
        /// The newest file.
        path: PathBuf,
        /// What is wrong with it.
        newest: String,
        /// The one before it.
        path_before: PathBuf,
        /// What is wrong with that.
        before: String,
    },
    /// The file system refused.
    #[error(
        "{}: cannot {what}: {why}; a session needs a folder that is there and can be written to, and some room on its \
         disk (what was saved before stays as it is)",
        .path.display()
    )]
    System {
        /// The file.
        path: PathBuf,
        /// What could not be done.
        what: &'static str,
        /// What the system said.
        why: io::Error,
    },
    /// The document cannot be written down.
    #[error("the session cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// A session that was found.
#[derive(Debug)]
pub struct Loaded {
    /// What is saved of it.
    pub document: Document,
    /// Why it is not the newest file, if it is not.
    pub older: Option<String>,
}

/// The place of a session, held by this process.
#[derive(Debug)]
pub struct Store<D: Disk = Files> {
    path: PathBuf,
    disk: D,
    /// Locked while it is open.
    lock: File,
}

impl<D: Disk> Store<D> {
    /// Holds the place of a new session, where nothing is.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn create(path: &Path, disk: D) -> Result<Self, StoreError> {
        let free = || {
            if is_there(&beside(path, "before")) {
                return Err(StoreError::Exists(path.to_owned()));
            }
            match fs::read(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                Ok(bytes) if file::read(Kind::Session, &bytes).is_ok() => {
                    Err(StoreError::Exists(path.to_owned()))
                }
                _ => Err(StoreError::Occupied(path.to_owned())),
            }
        };
        free()?;
        let held = Self {
            path: path.to_owned(),
            disk,
            lock: lock(path)?,
        };
        // Another process may have begun one, and ended, before this one had the lock.
        free()?;
        Ok(held)
    }

    /// Holds the place of a session that is there, and reads it: the newest file, or where that is damaged or not
    /// there the one before.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn open(path: &Path, disk: D) -> Result<(Self, Loaded), StoreError> {
        let before = beside(path, "before");
        if !is_there(path) && !is_there(&before) {
            return Err(StoreError::NoSession(path.to_owned()));
        }
        let held = Self {
            path: path.to_owned(),
            disk,
            lock: lock(path)?,
        };
        let loaded = load(path, &before)?;
        Ok((held, loaded))
    }

    /// The session's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Saves `document` in place of what is there, which becomes the one before.
    ///
    /// # Errors
    /// See [`StoreError`]; what was saved is still there.
    pub fn save(&self, document: &Document) -> Result<(), StoreError> {
        let bytes = file::write(Kind::Session, document)?;
        let Self { path, disk, .. } = self;
        let new = beside(path, "new");
        let failed = |path: &Path, what| {
            let path = path.to_owned();
            move |why| StoreError::System { path, what, why }
        };
        if let Err(why) = disk.write(&new, &bytes) {
            // It says nothing that is whole; where it cannot be taken away either, the next one overwrites it.
            let _ = disk.remove(&new);
            return Err(failed(&new, "save the session")(why));
        }
        if is_there(path) {
            let renamed = disk.rename(path, &beside(path, "before"));
            renamed.map_err(failed(path, "keep the session before"))?;
        }
        let renamed = disk.rename(&new, path);
        renamed.map_err(failed(path, "save the session"))?;
        let synced = disk.sync_folder(folder(path));
        synced.map_err(failed(folder(path), "save the session in this folder"))
    }

    /// Takes all files of the session away, the newest one last but for the lock, which goes with it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn remove(self) -> Result<(), StoreError> {
        let Self { path, disk, .. } = &self;
        // What was being written, and what was before, go first: while the newest is there, it is what counts.
        for file in [beside(path, "new"), beside(path, "before"), path.clone()] {
            if is_there(&file) {
                let removed = disk.remove(&file);
                removed.map_err(|why| StoreError::System {
                    path: file,
                    what: "remove the session, which is finished",
                    why,
                })?;
            }
        }
        // The lock goes as this is dropped.
        Ok(())
    }
}

impl<D: Disk> Drop for Store<D> {
    /// Where no session is left, or none was saved yet, its lock goes too.
    fn drop(&mut self) {
        let lock = beside(&self.path, "lock");
        let none = !is_there(&self.path) && !is_there(&beside(&self.path, "before"));
        if none && is_at(&self.lock, &lock).unwrap_or(false) {
            // An empty file that stays does no harm.
            let _ = self.disk.remove(&lock);
        }
    }
}

/// The newest document, or the one before where that is damaged or not there.
fn load(path: &Path, before: &Path) -> Result<Loaded, StoreError> {
    let newest = read_at(path);
    let fault = match newest {
        Ok(document) => {
            let older = None;
            return Ok(Loaded { document, older });
        }
        Err(fault) if !fault.is_damage() || !is_there(before) => {
            return Err(fault.into_error(path));
        }
        Err(fault) => fault.to_string(),
    };
    match read_at(before) {
        Ok(document) => Ok(Loaded {
            document,
            older: Some(format!(
                "{}: {fault}; the one before it, {}, is taken",
                path.display(),
                before.display()
            )),
        }),
        Err(error) => Err(StoreError::Neither {
            path: path.to_owned(),
            newest: fault,
            path_before: before.to_owned(),
            before: error.to_string(),
        }),
    }
}

/// Why a file is no document.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error("is not there")]
    NotThere,
    #[error("cannot be read: {0}")]
    System(io::Error),
    #[error(transparent)]
    File(FileError),
}

impl Unread {
    fn is_damage(&self) -> bool {
        match self {
            Self::NotThere => true,
            Self::System(_) => false,
            Self::File(error) => error.is_damage(),
        }
    }

    fn into_error(self, path: &Path) -> StoreError {
        let path = path.to_owned();
        match self {
            Self::NotThere => StoreError::NoSession(path),
            Self::System(why) => StoreError::System {
                path,
                what: "read the session",
                why,
            },
            Self::File(why) => StoreError::Unread { path, why },
        }
    }
}

fn read_at(path: &Path) -> Result<Document, Unread> {
    match fs::read(path) {
        Ok(bytes) => file::read(Kind::Session, &bytes).map_err(Unread::File),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Unread::NotThere),
        Err(error) => Err(Unread::System(error)),
    }
}

/// Locks the place of a session for as long as the file is open.
fn lock(session: &Path) -> Result<File, StoreError> {
    let path = beside(session, "lock");
    let failed = |why| StoreError::System {
        path: path.clone(),
        what: "lock the session",
        why,
    };
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    let file = options.open(&path).map_err(failed)?;
    let held = || StoreError::Locked {
        session: session.to_owned(),
        lock: path.clone(),
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(held()),
        Err(TryLockError::Error(why)) => return Err(failed(why)),
    }
    // A process that finished may have taken the file away between the two, and another one made it anew.
    match is_at(&file, &path) {
        Ok(true) => Ok(file),
        Ok(false) => Err(held()),
        Err(why) => Err(failed(why)),
    }
}

/// Whether an open file is the one at this path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (open, there) = (file.metadata()?, fs::metadata(path));
    match there {
        Ok(there) => Ok((open.dev(), open.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere a file that is open stays at its path until it is closed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// A file beside a session's, by its ending.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".");
    name.push(ending);
    name.into()
}

/// Whether something is at this path, a link that leads nowhere included.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
