// Package broker is the MQTT broker that is started when no other is set: MQTT 3.1.1 and 5 on one TCP address, everything
// in memory. It knows neither hubs nor Home Assistant nor the bridge's topics; what it loses at a restart its clients
// publish again.
package broker
