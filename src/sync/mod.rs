//! Pull, refresh, hints: from a tracker's pages to the store.
