//! What a repository has of the releases at first.

use crate::packed;
use crate::repository::TestRepository;

/// A repository of its own with all releases in `staging`, which wants 1.1.0, and with 1.0.0 in `stable`.
pub(super) fn repository() -> TestRepository {
    let repository = packed::repository();
    repository.promote(&["--version", "1.0.0"]);
    repository
}
