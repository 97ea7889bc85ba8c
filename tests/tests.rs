//! The one integration binary: each module tests one promise or one room.

// Agreement of the GPU engine with the oracle, on a real adapter.
mod gpu;
// Every shader without a device.
mod shaders;
