//! A broker inside the process: mqtt5's, in memory or in a directory.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use mqtt_client::transport::Address;
use mqtt5::broker::config::{StorageBackend, StorageConfig};
use mqtt5::broker::{BrokerConfig, BrokerShutdownHandle, MqttBroker};
use tokio::task::JoinHandle;

use crate::run::Failure;

/// The port of MQTT.
pub const PORT: u16 = 1883;
/// So many ports are tried, from the first on.
const PORTS: u16 = 100;
/// The longest packet that it takes, in bytes.
const MAX_PACKET: usize = 1 << 20;
/// It has so much time to stop.
const FAREWELL: Duration = Duration::from_secs(2);

/// A broker that runs.
pub struct Broker {
    address: SocketAddr,
    shutdown: BrokerShutdownHandle,
    running: JoinHandle<mqtt5::Result<()>>,
}

impl Broker {
    /// Starts one on the loopback interface, at this port or the next one that is free; 0 is any free port. It keeps
    /// sessions and retained messages in this directory, or else in memory only.
    ///
    /// # Errors
    /// No port is free, or the directory can't be used.
    pub async fn start(first: u16, directory: Option<PathBuf>) -> Result<Self, Failure> {
        let storage_config = match directory {
            Some(base_dir) => {
                StorageConfig { backend: StorageBackend::File, base_dir, ..StorageConfig::default() }
            }
            None => StorageConfig { backend: StorageBackend::Memory, ..StorageConfig::default() },
        };
        let failed = |error: &dyn std::fmt::Display| Failure::Broker(error.to_string());
        for port in first..first.saturating_add(PORTS) {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            // Its own error does not tell a port that is taken from other troubles.
            match TcpListener::bind(address) {
                Ok(free) => drop(free),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => continue,
                Err(error) => return Err(failed(&error)),
            }
            let config = BrokerConfig {
                bind_addresses: vec![address],
                max_packet_size: MAX_PACKET,
                sys_topics_enabled: false,
                storage_config: storage_config.clone(),
                ..BrokerConfig::default()
            };
            let mut broker = MqttBroker::with_config(config).await.map_err(|error| failed(&error))?;
            let address = broker.local_addr().ok_or_else(|| failed(&"it has no address"))?;
            let shutdown = broker.shutdown_handle();
            let mut ready = broker.ready_receiver();
            let running = tokio::spawn(async move { broker.run().await });
            // It says so, or is gone.
            let _ = ready.wait_for(|ready| *ready).await;
            return Ok(Self { address, shutdown, running });
        }
        Err(failed(&format!("no port from {first} on is free")))
    }

    /// Where it listens.
    pub fn address(&self) -> Address {
        Address::tcp(self.address.ip().to_string(), self.address.port())
    }

    /// Ends it, and closes its connections.
    pub async fn stop(self) {
        self.shutdown.shutdown();
        // What it has to say now helps nobody.
        let _ = tokio::time::timeout(FAREWELL, self.running).await;
    }
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker").field("address", &self.address).finish_non_exhaustive()
    }
}
