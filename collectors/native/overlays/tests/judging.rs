//! What fits, by the headers of RFC 7348.
#![allow(clippy::expect_used)]

use overlays::{judge, vxlan_overhead, Missing, State, Way};
use wire::internet::mapped;
use wire::route::Route;

fn way(link: Option<u32>, route: Option<u32>, is_learned: bool) -> Way {
    Way {
        route: Route {
            ifindex: 2,
            mtu_bytes: route,
            is_learned,
            ..Route::default()
        },
        link_mtu_bytes: link,
    }
}

#[test]
fn headers_are_those_of_the_outer_family_and_of_what_is_carried() {
    let (v4, v6) = (mapped([192, 0, 2, 1]), [0x20; 16]);
    assert_eq!(
        [(&v4, false), (&v6, false), (&v4, true), (&v6, true)]
            .map(|(end, is_generic)| vxlan_overhead(end, is_generic)),
        [50, 70, 36, 56]
    );
}

#[test]
fn the_smaller_of_route_and_interface_is_what_the_path_takes() {
    assert_eq!(way(Some(1500), None, false).mtu_bytes(), Some(1500));
    assert_eq!(way(Some(1500), Some(1400), false).mtu_bytes(), Some(1400));
    assert_eq!(way(Some(1500), Some(9000), false).mtu_bytes(), Some(1500));
    assert_eq!(way(None, Some(1400), false).mtu_bytes(), None);
}

#[test]
fn one_byte_too_many_is_a_mismatch_and_says_whose_figure_it_is() {
    let fits = judge(1450, 50, Some(&way(Some(1500), None, false)));
    assert_eq!(fits.name(), "fits");
    let state = judge(1451, 50, Some(&way(Some(1500), None, false)));
    assert_eq!(
        (state.name(), &*state.to_string()),
        (
            "mismatch",
            "1501 bytes with headers, 1 more than the path takes: 1500"
        )
    );
    let learned = |link| judge(1450, 50, Some(&way(Some(link), Some(1400), true)));
    assert!(learned(1500)
        .to_string()
        .ends_with("1400, as a router said"));
    // The interface is what is too small then, whatever a router said.
    assert!(learned(1300).to_string().ends_with("takes: 1300"));
}

#[test]
fn what_is_not_known_is_not_said_to_fit() {
    assert_eq!(judge(1450, 50, None), State::Unknown(Missing::Route));
    let blackhole = Way {
        route: Route::default(),
        link_mtu_bytes: Some(1500),
    };
    let state = judge(1450, 50, Some(&blackhole));
    assert_eq!(state, State::Unknown(Missing::Route));
    let state = judge(1450, 50, Some(&way(None, None, false)));
    assert_eq!(state, State::Unknown(Missing::Link));
    // A sum that no u32 holds does not become a small one.
    let most = judge(u32::MAX, 50, Some(&way(Some(1500), None, false)));
    assert_eq!(most.name(), "mismatch");
}
