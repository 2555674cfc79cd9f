// Package overrides holds what people, or a vendor's own list of mistaken products, say
// of devices and entities: names, kinds, classes, units and the like, from YAML or one
// by one. All of it is pure: it reads no file, keeps nothing, and knows neither MQTT nor
// Home Assistant.
package overrides
