//! Frames below MQTT.
