//! Brokers for tests.

use light_apps::broker::Broker;
use tokio::runtime::Runtime;

use crate::broker;

/// The same with the broker that is inside the programs, and with mosquitto.
pub(crate) fn each_broker(test: impl Fn(&str)) {
    let embedded = Embedded::start();
    test(&embedded.address());
    drop(embedded);
    let mosquitto = broker::Broker::mosquitto();
    test(&format!("127.0.0.1:{}", mosquitto.port()));
}

/// The broker that is inside the programs, inside the test.
pub(crate) struct Embedded {
    runtime: Runtime,
    broker: Option<Broker>,
}

impl Embedded {
    pub(crate) fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(1).build().unwrap();
        let broker = runtime.block_on(Broker::start(0, None)).unwrap();
        Self { runtime, broker: Some(broker) }
    }

    /// Where it is, as `HOST:PORT`.
    pub(crate) fn address(&self) -> String {
        let address = self.broker.as_ref().unwrap().address().to_string();
        address.strip_prefix("mqtt://").unwrap().to_owned()
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Some(broker) = self.broker.take() {
            self.runtime.block_on(broker.stop());
        }
    }
}
