//! Routes and tunnels: of any bytes, and cut anywhere.

use proptest::prelude::*;
use wire::route::{route, Route};
use wire::vxlan::{forwarded_to, vxlan};

/// `ip route get 198.51.100.1` of a route with `mtu 1300 advmss 1260` by interface 2, put together by rtnetlink's rules.
fn answer() -> Vec<u8> {
    let mut body = vec![2, 32, 0, 0, 254, 0, 0, 1, 0, 0, 0, 0];
    attribute(&mut body, 4, &2_u32.to_ne_bytes());
    let mut metrics = Vec::new();
    attribute(&mut metrics, 2, &1300_u32.to_ne_bytes());
    attribute(&mut metrics, 8, &1260_u32.to_ne_bytes());
    attribute(&mut body, 8, &metrics);
    let mut cache = [0; 32];
    cache[8..12].copy_from_slice(&599_u32.to_ne_bytes());
    attribute(&mut body, 12, &cache);
    body
}

fn attribute(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    bytes.extend((4 + value.len() as u16).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

#[test]
fn a_route_has_its_metrics_and_whether_they_end() {
    let told = Route {
        ifindex: 2,
        mtu_bytes: Some(1300),
        advertised_mss_bytes: Some(1260),
        is_learned: true,
    };
    assert_eq!(route(&answer()), Ok(told));
}

#[test]
fn a_cut_answer_has_no_figure_that_the_whole_one_has_not() {
    let whole = route(&answer()).ok();
    for length in 0..answer().len() {
        if let Ok(cut) = route(&answer()[..length]) {
            let known = whole.as_ref();
            assert!(
                cut.mtu_bytes.is_none() || cut.mtu_bytes == known.and_then(|one| one.mtu_bytes)
            );
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = route(&body);
        let _ = vxlan(&body);
        let _ = forwarded_to(&body);
    }
}
