//! What the process gives up before it reads a secret.

use rustix::process::{Resource, Rlimit, setrlimit};

/// A crash must not write the memory, and with it the secrets, to a disk; and no other process of
/// this user may look into it. Where the system refuses, nothing is lost but this precaution.
pub(super) fn leave_no_dump() {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior, getrlimit};

    use super::*;

    #[test]
    fn no_dump_is_left() {
        leave_no_dump();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
    }
}
