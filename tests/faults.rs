//! What goes wrong around Claviger, done to it on purpose: disks that fill, databases that go, signals, damaged files.

mod damage;
mod disk;
mod postgres;
mod stop;
