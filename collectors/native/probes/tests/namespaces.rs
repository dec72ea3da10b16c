//! Finding, entering and leaving real namespaces.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod ground;

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use ground::{eventually, has_root, home, run, Named, Running, DEADLINE};
use probes::folder::FolderWatch;
use probes::sweep::Sweep;
use probes::{discover, dump, nsid, sysfs, Kind};

fn current_inode() -> u64 {
    std::fs::metadata("/proc/thread-self/ns/net").unwrap().ino()
}

/// A visit asks inside the place, and the thread is home again after a result, an error and a panic.
#[test]
fn a_visit_comes_back() {
    if !has_root() {
        return;
    }
    let home = home();
    let named = Named::new();
    let place = named.place(&home);
    assert_eq!(
        home.visit(&place, || Ok(current_inode())),
        Ok(place.id.inode)
    );
    assert_eq!(current_inode(), home.id().inode);

    let refused = home.visit(&place, || home.visit(&place, || Ok(())));
    assert_eq!(refused.unwrap_err().to_string(), "a visit inside a visit");
    assert_eq!(current_inode(), home.id().inode);

    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        home.visit(&place, || -> probes::failure::Result<()> {
            panic!("inside")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(current_inode(), home.id().inode);
    assert_eq!(
        home.visit(&place, || Ok(current_inode())),
        Ok(place.id.inode)
    );
}

/// A place whose namespace ended is gone, also when another namespace got its name or its inode.
#[test]
fn an_ended_namespace_is_gone() {
    if !has_root() {
        return;
    }
    let home = home();
    let mut named = Named::new();
    let mut place = named.place(&home);
    let cookie = dump::namespace(&home, &place).unwrap().cookie;
    // Another namespace of the same inode differs in its cookie only.
    place.cookie = Some(cookie + 1);
    assert_eq!(dump::namespace(&home, &place).unwrap_err().kind, Kind::Gone);
    assert_eq!(
        sysfs::devices(&home, &place, &[]).unwrap_err().kind,
        Kind::Gone
    );
    place.cookie = Some(cookie);
    assert_eq!(dump::namespace(&home, &place).unwrap().cookie, cookie);

    // The name is there again, for a namespace that is not this one.
    let other = Named::new();
    let mut moved = other.place(&home);
    moved.paths.clone_from(&place.paths);
    assert_eq!(dump::namespace(&home, &moved).unwrap_err().kind, Kind::Gone);
    named.delete();
    assert_eq!(dump::namespace(&home, &place).unwrap_err().kind, Kind::Gone);
    assert_eq!(nsid::get(&home, &place).unwrap_err().kind, Kind::Gone);
    assert_eq!(nsid::assign(&home, &place).unwrap_err().kind, Kind::Gone);

    let mut sweep = Sweep::default();
    sweep.read(&home, &[place, other.place(&home), home.place()], true);
    assert_eq!(sweep.readings[0].failure.as_ref().unwrap().kind, Kind::Gone);
    assert!(sweep.readings[0].links.is_empty());
    assert_eq!(
        (
            sweep.readings[1].failure.clone(),
            sweep.readings[1].links.len()
        ),
        (None, 1)
    );
    assert_eq!(
        (
            sweep.readings[2].failure.clone(),
            sweep.readings[2].links.len()
        ),
        (None, 1)
    );
    assert_eq!(sweep.readings[2].cookie, home.cookie());
}

/// Namespaces are found by name and by process; one that lost its name lives on with its process.
#[test]
fn namespaces_are_found_by_name_and_by_process() {
    if !has_root() {
        return;
    }
    let home = home();
    let mut named = Named::new();
    let sleeper = Running::start(&["ip", "netns", "exec", &named.name, "sleep", "1000"]);
    let place = named.place(&home);
    let folders = ["/run/netns".into(), "/nowhere/at/all".into()];
    let found = eventually("the process in the namespace", || {
        let found = discover(&home, &folders, true).unwrap();
        found
            .places
            .iter()
            .any(|one| one.id == place.id && one.pids == [sleeper.pid()])
            .then_some(found)
    });
    assert!(
        found.places[0].is_home
            && found.places[0].id == home.id()
            && found.places[0].name().is_empty()
    );
    assert_eq!(
        found.places.iter().filter(|one| one.id == place.id).count(),
        1
    );
    assert!(found.processes > 1);
    assert!(found.refused_folders.is_empty());

    named.delete();
    let found = discover(&home, &folders, true).unwrap();
    let nameless = found
        .places
        .into_iter()
        .find(|one| one.id == place.id)
        .unwrap();
    assert_eq!(nameless.name(), format!("net:[{}]", place.id.inode));
    assert_eq!(dump::namespace(&home, &nameless).unwrap().links.len(), 1);
    // By the old place, whose file is gone and which knows no process, it cannot be entered.
    assert_eq!(dump::namespace(&home, &place).unwrap_err().kind, Kind::Gone);
    drop(sleeper);
    assert_eq!(
        dump::namespace(&home, &nameless).unwrap_err().kind,
        Kind::Gone
    );
}

/// The nsid stays the same however often it is asked for, and is the one that `ip` shows.
#[test]
fn a_nsid_is_assigned_once() {
    if !has_root() {
        return;
    }
    let home = home();
    let named = Named::new();
    let place = named.place(&home);
    assert_eq!(nsid::get(&home, &place), Ok(None));
    let first = nsid::assign(&home, &place).unwrap();
    assert_eq!(nsid::assign(&home, &place), Ok(first));
    assert_eq!(nsid::get(&home, &place), Ok(Some(first)));
    assert!(run("ip netns list-id").contains(&format!("nsid {first} ")));
    // A veth gives its other end's namespace a nsid by itself.
    let by_veth = Named::new();
    run(&format!(
        "ip link add up0 type veth peer name down0 netns {}",
        by_veth.name
    ));
    let found = nsid::get(&home, &by_veth.place(&home)).unwrap();
    assert!(found.is_some());
    assert_eq!(nsid::assign(&home, &by_veth.place(&home)).ok(), found);
}

/// The watch wakes when a namespace gets a name and when it loses it, and at that moment the namespace can be entered.
#[test]
fn names_are_watched() {
    if !has_root() {
        return;
    }
    let home = home();
    // Through the link /var/run, and beside a folder that does not exist.
    let folders = ["/var/run/netns".into(), "/run/viflux-none/netns".into()];
    let mut watch = FolderWatch::open(&folders).unwrap();
    let mut changed = || {
        eventually("a change of names", || {
            use std::os::fd::AsFd;
            probes::wait::readable(&[watch.as_fd()], DEADLINE).unwrap();
            watch.changed().unwrap().then_some(())
        });
    };
    let mut named = Named::new();
    changed();
    let place = named.place(&home);
    assert!(dump::namespace(&home, &place).is_ok());
    named.delete();
    changed();
}

/// After every kind of question, deleting a namespace frees its veth at once: nothing of it is kept open.
#[test]
fn a_deleted_namespace_is_free_at_once() {
    if !has_root() {
        return;
    }
    let home = home();
    let mut named: Vec<Named> = (0..20).map(|_| Named::new()).collect();
    for (number, one) in named.iter().enumerate() {
        run(&format!(
            "ip link add up{number} type veth peer name down0 netns {}",
            one.name
        ));
    }
    let mut monitor = probes::monitor::Monitor::open(&home).unwrap();
    let mut watch = FolderWatch::open(&["/run/netns".into()]).unwrap();
    let mut places = discover(&home, &["/run/netns".into()], true)
        .unwrap()
        .places;
    places.retain(|place| place.is_home || named.iter().any(|one| one.name == place.name()));
    assert_eq!(places.len(), 21);
    for place in &mut places {
        if !place.is_home {
            place.nsid = Some(nsid::assign(&home, place).unwrap());
        }
        let dump = dump::namespace(&home, place).unwrap();
        place.cookie = Some(dump.cookie);
        let links: Vec<_> = dump.links.iter().collect();
        assert_eq!(
            sysfs::devices(&home, place, &links).unwrap().len(),
            links.len()
        );
    }
    let mut sweep = Sweep::default();
    sweep.read(&home, &places, true);
    assert!(sweep
        .readings
        .iter()
        .all(|reading| reading.failure.is_none()));
    watch.changed().unwrap();
    monitor.read(Duration::ZERO, &mut Vec::new()).unwrap();

    let end = std::time::Instant::now() + Duration::from_secs(1);
    for one in &mut named {
        one.delete();
    }
    eventually("the end of all veths", || {
        run("ip -o link show type veth").is_empty().then_some(())
    });
    assert!(
        std::time::Instant::now() < end + Duration::from_secs(1),
        "the veths outlived their namespaces"
    );
}

/// Namespaces that come and go under a reader's feet give whole readings or "gone", and never another namespace's figures.
#[test]
fn namespaces_may_end_while_they_are_read() {
    if !has_root() {
        return;
    }
    let home = home();
    let churn = std::sync::atomic::AtomicBool::new(true);
    let is_churning = || churn.load(std::sync::atomic::Ordering::Relaxed);
    // The names of the churned namespaces, so that other tests' namespaces are not read here.
    let prefix = format!("vfxchurn{}n", std::process::id());
    let (mut whole, mut gone) = (0_u32, 0_u32);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..60 {
                let name = format!("{prefix}{}", round % 3);
                run(&format!("ip netns add {name}"));
                // Each has as many links as its number says, so that a mix-up shows.
                for number in 0..round % 3 {
                    run(&format!(
                        "ip -n {name} link add a{number} type veth peer name b{number}"
                    ));
                }
                run(&format!("ip -n {name} link set lo up"));
                if round % 3 == 2 {
                    for number in 0..3 {
                        run(&format!("ip netns del {prefix}{number}"));
                    }
                }
            }
            churn.store(false, std::sync::atomic::Ordering::Relaxed);
        });
        let mut sweep = Sweep::default();
        while is_churning() {
            let mut places = discover(&home, &["/run/netns".into()], false)
                .unwrap()
                .places;
            places.retain(|place| place.name().starts_with(&prefix));
            sweep.read(&home, &places, true);
            for reading in &sweep.readings {
                let most = places[reading.place]
                    .name()
                    .bytes()
                    .last()
                    .map_or(0, |digit| usize::from(digit - b'0'));
                match &reading.failure {
                    None => {
                        assert!(
                            (1..=1 + 2 * most).contains(&reading.links.len()),
                            "{}",
                            reading.links.len()
                        );
                        whole += 1;
                    }
                    Some(failure) => {
                        assert_eq!(failure.kind, Kind::Gone, "{failure}");
                        gone += 1;
                    }
                }
            }
            for place in &places {
                for failure in [
                    dump::namespace(&home, place).map(|_| ()).err(),
                    sysfs::devices(&home, place, &[]).map(|_| ()).err(),
                    nsid::assign(&home, place).map(|_| ()).err(),
                ] {
                    assert!(
                        failure
                            .as_ref()
                            .is_none_or(|failure| failure.kind == Kind::Gone),
                        "{failure:?}"
                    );
                }
            }
        }
    });
    assert!(whole > 20, "{whole} whole, {gone} gone");
    assert_eq!(current_inode(), home.id().inode);
}
