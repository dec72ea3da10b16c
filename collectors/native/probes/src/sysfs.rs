//! Identity and hardware facts of interfaces, from the sysfs of their namespace.
//!
//! A sysfs shows the namespace of whoever mounted it. It is mounted here without a place in any folder (fsopen, Linux 5.2), so
//! no mount namespace has to be made: a copied one would hold the named namespaces of the original and keep deleted ones alive.

use std::ffi::{CStr, CString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::ptr;

use wire::record::Link;

use crate::failure::{Failure, Kind, Result};
use crate::namespace::{Home, NamespacePlace};

/// How often the proof that /sys shows the own namespace is tried again on a busy host.
const PROOFS: usize = 8;

const FSOPEN_CLOEXEC: libc::c_long = 1;
const FSCONFIG_CMD_CREATE: libc::c_long = 6;
const FSMOUNT_CLOEXEC: libc::c_long = 1;
/// Read-only, no set-uid, no devices, no execution: MOUNT_ATTR_* in linux/mount.h.
const MOUNT_ATTRIBUTES: libc::c_long = 1 | 2 | 4 | 8;

const ARPHRD_ETHER: u16 = 1;

/// What sysfs says of one interface.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    pub ifindex: u32,
    /// Inode of its directory: the same for the life of the kernel device, over rename and move.
    pub inode: u64,
    /// Negotiated speed of a port with hardware behind it, 0 where there is none or it is not known.
    pub speed_bits_per_second: u64,
    /// Driver of a port with hardware behind it, else empty.
    pub driver: String,
}

/// Looks up `links` of `place` (name and ifindex must both agree). A link that is gone or was renamed meanwhile is left out.
///
/// Without the right to mount, `/sys` is used for home, if it provably shows home.
///
/// # Errors
/// [`Kind::Refused`] when this process may not see that namespace's sysfs (fall back to [`wire::identity::Identity::Cookie`]);
/// [`Kind::Gone`] when the namespace ended.
pub fn devices(home: &Home, place: &NamespacePlace, links: &[&Link]) -> Result<Vec<Device>> {
    let mounted = home.visit(place, || {
        place.socket()?;
        mount()
    });
    let sysfs = match mounted {
        Ok(sysfs) => sysfs,
        Err(failure) if failure.kind == Kind::Refused && place.is_home => own_sysfs(home)?,
        Err(failure) => return Err(failure),
    };
    Ok(links
        .iter()
        .filter_map(|link| device(&sysfs, link))
        .collect())
}

/// Mounts the sysfs of the calling thread's namespace; it goes when the descriptor is closed. It shows that namespace to
/// whoever holds the descriptor, and does not keep it alive.
fn mount() -> Result<OwnedFd> {
    // SAFETY: the name is a constant C string; the result is checked by `owned`.
    let filesystem = owned(
        unsafe { libc::syscall(libc::SYS_fsopen, c"sysfs".as_ptr(), FSOPEN_CLOEXEC) },
        "fsopen sysfs",
    )?;
    let none = ptr::null::<libc::c_char>();
    // SAFETY: FSCONFIG_CMD_CREATE takes no key, no value and no number; the descriptor is open.
    let created = unsafe {
        libc::syscall(
            libc::SYS_fsconfig,
            filesystem.as_raw_fd(),
            FSCONFIG_CMD_CREATE,
            none,
            none,
            0 as libc::c_long,
        )
    };
    if created < 0 {
        return Err(Failure::last("fsconfig sysfs"));
    }
    // SAFETY: no pointer is handed over; the result is checked by `owned`.
    let mounted = unsafe {
        libc::syscall(
            libc::SYS_fsmount,
            filesystem.as_raw_fd(),
            FSMOUNT_CLOEXEC,
            MOUNT_ATTRIBUTES,
        )
    };
    owned(mounted, "fsmount sysfs")
}

fn owned(result: libc::c_long, what: &str) -> Result<OwnedFd> {
    match i32::try_from(result) {
        // SAFETY: the kernel just made this descriptor for this call, and nobody else owns it.
        Ok(descriptor) if descriptor >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(descriptor) }),
        _ => Err(Failure::last(what)),
    }
}

fn device(sysfs: &OwnedFd, link: &Link) -> Option<Device> {
    let folder = folder_of(sysfs, link)?;
    // Read through the opened folder: a rename in between cannot mix two interfaces up.
    let ifindex: u32 = text_at(&folder, c"ifindex")?.parse().ok()?;
    if ifindex != link.ifindex {
        return None;
    }
    let inode = folder.metadata().ok()?.ino();
    let (speed_bits_per_second, driver) =
        if link.kind.is_empty() && link.hardware_type == ARPHRD_ETHER {
            let driver = driver(&folder);
            // Without hardware the speed is fiction. A port that is down says -1 or refuses.
            let speed = text_at(&folder, c"speed").filter(|_| !driver.is_empty());
            let megabits = speed.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
            // 4294967295 is how some drivers write "unknown".
            (
                if megabits < u64::from(u32::MAX) {
                    megabits * 1_000_000
                } else {
                    0
                },
                driver,
            )
        } else {
            (0, String::new())
        };
    Some(Device {
        ifindex,
        inode,
        speed_bits_per_second,
        driver,
    })
}

/// The device's folder; found by its ifindex where the name is no text, so that nobody hides behind a name.
fn folder_of(sysfs: &OwnedFd, link: &Link) -> Option<File> {
    let flags = libc::O_PATH | libc::O_DIRECTORY;
    if link.name.contains(char::REPLACEMENT_CHARACTER) {
        let all = Path::new("/proc/self/fd").join(format!("{}/class/net", sysfs.as_raw_fd()));
        return fs::read_dir(all).ok()?.flatten().find_map(|entry| {
            let name = entry.file_name();
            let path = [b"class/net/", name.as_encoded_bytes()].concat();
            let folder = open_at(sysfs, &CString::new(path).ok()?, flags).ok()?;
            let ifindex: u32 = text_at(&folder, c"ifindex")?.parse().ok()?;
            (ifindex == link.ifindex).then_some(folder)
        });
    }
    // The kernel allows none of these as a name; a hostile answer must not lead out of the folder.
    if matches!(link.name.as_str(), "" | "." | "..") || link.name.contains('/') {
        return None;
    }
    let path = CString::new(format!("class/net/{}", link.name)).ok()?;
    open_at(sysfs, &path, flags).ok()
}

fn open_at(folder: &impl AsRawFd, path: &CStr, flags: i32) -> io::Result<File> {
    // SAFETY: the path is a C string and the descriptor is open; the result is checked before it is used.
    let descriptor =
        unsafe { libc::openat(folder.as_raw_fd(), path.as_ptr(), flags | libc::O_CLOEXEC) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: openat just made this descriptor, and nobody else owns it.
    Ok(unsafe { File::from_raw_fd(descriptor) })
}

fn text_at(folder: &File, name: &CStr) -> Option<String> {
    let mut text = String::new();
    open_at(folder, name, libc::O_RDONLY)
        .ok()?
        .read_to_string(&mut text)
        .ok()?;
    Some(text.trim().to_owned())
}

/// Last part of the link `device/driver`; empty where there is none, as for everything without hardware.
fn driver(folder: &File) -> String {
    let mut target = [0_u8; 512];
    let name = c"device/driver";
    // SAFETY: the name is a C string, and the kernel writes at most as many bytes as `target` has.
    let length = unsafe {
        libc::readlinkat(
            folder.as_raw_fd(),
            name.as_ptr(),
            target.as_mut_ptr().cast(),
            target.len(),
        )
    };
    let target = usize::try_from(length)
        .ok()
        .and_then(|length| target.get(..length))
        .unwrap_or(&[]);
    let last = target.rsplit(|byte| *byte == b'/').next().unwrap_or(&[]);
    String::from_utf8_lossy(last).into_owned()
}

/// `/sys`, if what it shows is home: all interfaces there have the names, ifindexes and hardware addresses that home's have.
/// Where all of them are without a hardware address (only loopback) nothing is proved, and it is refused.
///
/// An interface that comes or goes between the two looks makes them differ, so they are repeated.
fn own_sysfs(home: &Home) -> Result<OwnedFd> {
    let mut found = proved_sysfs(home);
    for _ in 0..PROOFS {
        if found.is_ok() {
            break;
        }
        found = proved_sysfs(home);
    }
    found
}

fn proved_sysfs(home: &Home) -> Result<OwnedFd> {
    let shown = shown_by_sys();
    let mut listed: Vec<(String, u32, String)> = crate::dump::namespace(home, &home.place())?
        .links
        .into_iter()
        .map(|link| (link.name, link.ifindex, hexadecimal(&link.hardware_address)))
        .collect();
    listed.sort();
    let is_proved = listed
        .iter()
        .any(|(_, _, address)| address.bytes().any(|digit| digit != b'0' && digit != b':'));
    if listed != shown || !is_proved {
        return Err(Failure::new(
            Kind::Refused,
            "/sys does not show the own network namespace",
        ));
    }
    File::open("/sys")
        .map(OwnedFd::from)
        .map_err(|error| Failure::from_io(&error, "/sys"))
}

fn shown_by_sys() -> Vec<(String, u32, String)> {
    let folder = Path::new("/sys/class/net");
    let mut shown: Vec<(String, u32, String)> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let ifindex = fs::read_to_string(entry.path().join("ifindex"))
                .ok()?
                .trim()
                .parse()
                .ok()?;
            let address = fs::read_to_string(entry.path().join("address")).unwrap_or_default();
            Some((name, ifindex, address.trim().to_owned()))
        })
        .collect();
    shown.sort();
    shown
}

fn hexadecimal(address: &[u8]) -> String {
    address
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .join(":")
}
