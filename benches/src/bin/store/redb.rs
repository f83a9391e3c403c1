//! The same state in redb, beside which ours is measured.

use std::path::Path;

use mqtt_client::store::{Change, Durability, Saved, Store, StoreError};
use mqtt_codec::PacketId;
use redb::{Database, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition};

/// Messages, and how far they are.
pub(super) struct Redb {
    database: Database,
}

const MESSAGES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("messages");
const STATES: TableDefinition<'_, u64, (u16, u64)> = TableDefinition::new("states");

impl Redb {
    pub(super) fn create(path: &Path, durability: Durability) -> Self {
        let path = path.join("redb");
        let builder = Database::builder();
        let database = match durability {
            Durability::Disk => builder.create(path),
            Durability::System => {
                let mut options = std::fs::OpenOptions::new();
                let file = options.read(true).write(true).create_new(true).open(path).expect("a new file");
                let file = redb::backends::FileBackend::new(file).expect("nobody has it");
                builder.create_with_backend(Unsynced(file))
            }
        };
        Self { database: database.expect("an empty database") }
    }

    fn write(&self, changes: &[Change]) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut messages = transaction.open_table(MESSAGES)?;
            let mut states = transaction.open_table(STATES)?;
            for change in changes {
                match change {
                    Change::Accepted { number, packet_id, message } => {
                        let topic = message.topic.as_bytes();
                        let bytes = [&[message.qos.as_u8()], &topic[..], &[0], &message.payload[..]].concat();
                        messages.insert(number, &bytes[..])?;
                        states.insert(number, (packet_id.map_or(0, PacketId::get), 0))?;
                    }
                    Change::Released { number, order } => {
                        messages.remove(number)?;
                        let packet_id = states.get(number)?.map_or(0, |state| state.value().0);
                        states.insert(number, (packet_id, order + 1))?;
                    }
                    Change::Finished { number } => {
                        messages.remove(number)?;
                        states.remove(number)?;
                    }
                    _ => {}
                }
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

impl Store for Redb {
    fn load(&mut self, _: &str) -> Result<Saved, StoreError> {
        let _ = self.database.begin_read().map_err(StoreError::new)?;
        Ok(Saved::default())
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        self.write(changes).map_err(StoreError::new)
    }
}

/// What redb would be if it waited for the operating system alone. Its own way to commit without a sync keeps nothing
/// when the process is killed.
#[derive(Debug)]
struct Unsynced(redb::backends::FileBackend);

impl StorageBackend for Unsynced {
    fn len(&self) -> std::io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> std::io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.0.write(offset, data)
    }
}
