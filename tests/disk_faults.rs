//! A disk that refuses: nothing is acknowledged that is not so, and the host stays up.

use crate::support::{Points, each};

/// Once, and from then on.
const REFUSALS: [&str; 4] = ["eio", "enospc", "enospc-", "erofs-"];

#[test]
fn a_disk_that_refuses_at_any_change_ends_no_host_and_makes_it_say_nothing_untrue() {
    let points = Points::of_the_standard_run();
    each(points.faults(&REFUSALS), 24, |fault| points.run(fault));
}
