//! Whether a filesystem is a local one: over a network SQLite's locks and its shared memory do not hold,
//! and the ledger would be damaged silently.

use std::path::Path;

/// What `statfs` calls the network filesystems of Linux.
const NETWORK: &[(u32, &str)] = &[
    (0x0000_6969, "nfs"),
    (0x0000_517b, "smb"),
    (0xff53_4d42, "cifs"),
    (0xfe53_4d42, "smb2"),
    (0x5346_414f, "afs"),
    (0x6b41_4653, "afs"),
    (0x7375_7245, "coda"),
    (0x0000_564c, "ncp"),
    (0x00c3_6400, "ceph"),
    (0x0102_1997, "9p"),
    (0x0bd0_0bd0, "lustre"),
    (0x4750_4653, "gpfs"),
    (0x7461_636f, "ocfs2"),
    (0x0116_1970, "gfs2"),
    (0x1983_0326, "beegfs"),
    (0x2003_0528, "orangefs"),
    (0xaad7_aaea, "panfs"),
    (0xbeef_dead, "snfs"),
    // A host's folder in its virtual machine.
    (0xbacb_acbc, "vmhgfs"),
    (0x786f_4256, "vboxsf"),
    (0x7c7c_6673, "prl_fs"),
];

/// Every filesystem in user space has this number; the mount table says which one it is.
const FUSE: u32 = 0x6573_5546;

/// Filesystems by the name in the mount table, without `fuse.` before it.
const NETWORK_NAMES: &[&str] = &[
    // In user space.
    "afp",
    "alluxio-fuse",
    "blobfuse",
    "blobfuse2",
    "ceph",
    "ceph-fuse",
    "curlftpfs",
    "cvmfs2",
    "davfs",
    "dbfs",
    "gcsfuse",
    "glusterfs",
    "goofys",
    "grpcfuse",
    "gvfsd-fuse",
    "hdfs",
    "fuse_dfs",
    "juicefs",
    "mfs",
    "moosefs",
    "mountpoint-s3",
    "onedriver",
    "osxfs",
    "rclone",
    "s3fs",
    "seaweedfs",
    "smbnetfs",
    "sshfs",
    "vmhgfs-fuse",
    "xtreemfs",
    // macOS says only the name.
    "afpfs",
    "ftp",
    "nfs",
    "smbfs",
    "webdav",
];

/// The name of the network filesystem that a number of `statfs` and a name of the mount table stand for. None for
/// a local one, and for one in user space that nobody knows.
fn network(magic: u32, mounted: Option<&str>) -> Option<&str> {
    if let Some((_, name)) = NETWORK.iter().find(|(number, _)| *number == magic) {
        return Some(name);
    }
    let name = mounted.filter(|_| magic == FUSE || magic == 0)?;
    let name = name.strip_prefix("fuse.").unwrap_or(name);
    // A mount that leaves out its kind has the address of a server in its place.
    (NETWORK_NAMES.contains(&name) || name.contains("://")).then_some(name)
}

/// What a mount table (`/proc/self/mountinfo`) calls the filesystem of a device: its kind, or where that is
/// a bare `fuse` what is mounted.
#[cfg(any(target_os = "linux", test))]
fn mounted(table: &str, major: u32, minor: u32) -> Option<&str> {
    let device = format!("{major}:{minor}");
    let line = table.lines().find(|line| line.split(' ').nth(2) == Some(&device))?;
    let mut after = line.split_once(" - ")?.1.split(' ');
    after.next().filter(|kind| *kind != "fuse").or_else(|| after.next())
}

/// The name of the network filesystem that `path` lies on.
#[cfg(target_os = "linux")]
pub(super) fn network_of(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let magic = magic(path)?;
    let table = if magic == FUSE { std::fs::read_to_string("/proc/self/mountinfo").ok() } else { None };
    let device = std::fs::metadata(path).ok()?.dev();
    let name = table.as_deref().and_then(|table| mounted(table, libc::major(device), libc::minor(device)));
    network(magic, name).map(str::to_owned)
}

/// The name of the network filesystem that `path` lies on.
#[cfg(target_os = "macos")]
pub(super) fn network_of(path: &Path) -> Option<String> {
    let found = statfs(path)?;
    let name = found.f_fstypename.iter().take_while(|c| **c != 0);
    let name: String = name.map(|c| char::from(c.to_ne_bytes()[0])).collect();
    network(0, Some(&name)).map(str::to_owned)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(super) fn network_of(_: &Path) -> Option<String> {
    None
}

#[cfg(target_os = "linux")]
#[allow(
    clippy::unnecessary_cast,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "its type differs between systems; the numbers have 32 bits"
)]
fn magic(path: &Path) -> Option<u32> {
    statfs(path).map(|found| found.f_type as u32)
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
#[allow(unsafe_code, reason = "the standard library does not tell a filesystem's kind")]
fn statfs(path: &Path) -> Option<libc::statfs> {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::CString::new(path.as_os_str().as_bytes()).ok()?;
    let mut found = std::mem::MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: the path ends in NUL and the structure is ours; all zeroes are a valid value of it.
    unsafe { (libc::statfs(path.as_ptr(), found.as_mut_ptr()) == 0).then(|| found.assume_init()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_filesystems_are_told_by_their_number() {
        for (magic, name) in [(0x6969, "nfs"), (0xfe53_4d42, "smb2"), (0x0102_1997, "9p")] {
            assert_eq!(network(magic, None), Some(name));
            assert_eq!(network(magic, Some("ext4")), Some(name), "the number counts");
        }
        // ext4, xfs, btrfs, tmpfs, overlayfs, zfs
        for magic in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1] {
            assert_eq!(network(magic, None), None);
            assert_eq!(network(magic, Some("fuse.sshfs")), None, "the number counts");
        }
    }

    #[test]
    fn filesystems_in_user_space_are_told_by_their_name() {
        for (mounted, name) in [
            ("fuse.sshfs", "sshfs"),
            ("fuse.s3fs", "s3fs"),
            ("fuse.glusterfs", "glusterfs"),
            ("mountpoint-s3", "mountpoint-s3"),
            ("https://dav.example/", "https://dav.example/"),
        ] {
            assert_eq!(network(FUSE, Some(mounted)), Some(name));
        }
        for mounted in
            [None, Some("fuseblk"), Some("fuse.fuse-overlayfs"), Some("virtiofs"), Some("/dev/sdb1")]
        {
            assert_eq!(network(FUSE, mounted), None);
        }
        assert_eq!(network(0, Some("smbfs")), Some("smbfs"));
        assert_eq!(network(0, Some("apfs")), None);
    }

    #[test]
    fn the_mount_table_names_a_device() {
        let table = "22 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n\
                     36 22 0:51 / /mnt/a\\040b rw,nosuid shared:2 master:3 - fuse.sshfs me@host: rw\n\
                     37 22 0:5 / /mnt/s3 rw - fuse mountpoint-s3 rw\n";
        assert_eq!(mounted(table, 0, 51), Some("fuse.sshfs"));
        assert_eq!(mounted(table, 0, 5), Some("mountpoint-s3"));
        assert_eq!(mounted(table, 8, 1), Some("ext4"));
        assert_eq!(mounted(table, 8, 2), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_says_what_a_folder_lies_on() {
        assert_eq!(magic(Path::new("/proc")), Some(0x9fa0));
        assert_eq!(network_of(Path::new("/proc")), None);
        assert_eq!(network_of(Path::new("/nowhere")), None);
    }
}
