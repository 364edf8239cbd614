//! Asking for memory before it is needed. Among a million keys a verification waits for memory more than for anything else;
//! what it can do meanwhile costs nothing.

/// Has the cache line of `place` fetched. A hint: nothing comes of it but time, and where it is not known how to give it, none.
#[inline]
pub(crate) fn fetch<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch changes nothing and faults at no address; it belongs to SSE, which every x86-64 has.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(place).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}
