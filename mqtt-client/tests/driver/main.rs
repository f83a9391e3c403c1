//! The driver and the handles, against a model of a Server in memory and on sockets.

mod cuts;
mod server;
