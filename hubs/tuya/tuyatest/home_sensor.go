package tuyatest

// battery is what most sensors have.
func battery(id int, value any) DP { return percent(id, "battery_percentage", value) }

// tamper is misspelt in the vendor's own vocabulary.
func tamper(id int) DP { return boolean(id, "temper_alarm", ReadOnly, false) }

func sensors() []Device {
	return []Device{
		device(
			Motion, "Bewegung Flur", "pir", "d9kmw2xv", "PIR sensor",
			enum(1, "pir", ReadOnly, "pir none", "none"), battery(4, 83), tamper(5),
		).behind(Gateway),
		device(
			Door, "Haustür", "mcs", "f6cqn8rt", "Contact sensor",
			boolean(1, "doorcontact_state", ReadOnly, false), battery(2, 95), tamper(4),
		).behind(Gateway),
		device(
			Climate, "Klima Bad", "wsdcg", "s2hwp7ky", "T/H sensor",
			integer(1, "va_temperature", ReadOnly, "℃", [4]int{-200, 600, 1, 1}, 214),
			percent(2, "va_humidity", 54),
			enum(3, "battery_state", ReadOnly, "low middle high", "high"),
		).behind(Gateway),
		device(
			Carbon, "CO₂ Büro", "co2bj", "u5xdz1gml7kqw3eb", "CO2 detector",
			enum(1, "co2_state", ReadOnly, "alarm normal", "normal"),
			integer(2, "co2_value", ReadOnly, "ppm", [4]int{0, 5000, 0, 1}, 612),
			integer(18, "temp_current", ReadOnly, "℃", [4]int{-100, 600, 1, 1}, 223),
			integer(19, "humidity_value", ReadOnly, "%", [4]int{0, 1000, 1, 1}, 448),
			enum(5, "alarm_volume", ReadWrite, "low middle high mute", "middle"),
			integer(6, "alarm_time", ReadWrite, "s", [4]int{1, 60, 0, 1}, 10),
			percent(15, "battery_percentage", nil),
		),
		device(
			Probe, "Wetterstation", "qxj", "i3qsy9nfb6wzx0ht", "Weather station",
			integer(1, "temp_current", ReadOnly, "℃", [4]int{-400, 600, 1, 1}, 118),
			percent(2, "humidity_value", 71),
			integer(38, "temp_current_external", ReadOnly, "℃", [4]int{-400, 600, 1, 1}, -400),
			integer(54, "atmospheric_pressture", ReadOnly, "hPa", [4]int{3000, 12000, 1, 1}, 9893),
			integer(56, "windspeed_avg", ReadOnly, "m/s", [4]int{0, 700, 1, 1}, 23),
			enum(101, "wind_direct", ReadOnly, "north north_east east south_east south south_west west north_west", "west"),
			integer(60, "rain_24h", ReadOnly, "mm", [4]int{0, 1000000, 3, 1}, 2400),
			integer(7, "bright_value", ReadOnly, "lux", [4]int{0, 238000, 0, 1}, 5200),
			enum(4, "battery_state", ReadOnly, "low high", "high"),
		),
		device(
			Button, "Taster Flur", "wxkg", "j8tvq4ge", "Wireless switch",
			enum(1, "switch_mode1", ReadOnly, "single_click double_click long_press", "single_click"),
			enum(2, "switch_mode2", ReadOnly, "single_click double_click long_press", nil),
			battery(10, 100),
		).behind(Gateway),
		device(
			Gateway, "Zigbee-Zentrale", "wg2", "p1ynd7cvw5mkq9rz", "Zigbee gateway",
			enum(4, "master_state", ReadWrite, "normal alarm", "normal"),
			boolean(34, "factory_reset", ReadWrite, false),
			enum(32, "master_language", ReadWrite, "english german", "german"),
		),
	}
}

func safety() []Device {
	return []Device{
		device(
			Leak, "Wasser Küche", "sj", "a4zrm6wb", "Leak sensor",
			enum(1, "watersensor_state", ReadOnly, "alarm normal", "normal"), battery(4, 77),
		).behind(Gateway),
		device(
			Smoke, "Rauch Flur", "ywbj", "h7exk3np", "Smoke detector",
			enum(1, "smoke_sensor_status", ReadOnly, "alarm normal", "normal"),
			enum(14, "battery_state", ReadOnly, "low middle high", "middle"),
			boolean(16, "muffling", ReadWrite, false), tamper(4),
		).behind(Gateway),
		device(
			Gas, "Gas Küche", "rqbj", "q5mwt8jdz2nxk6vo", "Gas detector",
			enum(1, "gas_sensor_status", ReadOnly, "alarm normal", "normal"),
			integer(2, "gas_sensor_value", ReadOnly, "%LEL", [4]int{0, 500, 1, 1}, 3),
			boolean(16, "muffling", ReadWrite, false),
		),
		device(
			Siren, "Sirene", "sgbj", "l2gyb9sx", "Siren",
			boolean(13, "alarm_switch", ReadWrite, false),
			enum(5, "alarm_volume", ReadWrite, "low middle high mute", "high"),
			integer(7, "alarm_time", ReadWrite, "s", [4]int{1, 1800, 0, 1}, 10),
			battery(15, 100), boolean(6, "charge_state", ReadOnly, false),
		).behind(Gateway),
		device(
			Lock, "Haustürschloss", "jtmspro", "z6wqv1tk", "BLE lock",
			boolean(47, "lock_motor_state", ReadOnly, false),
			boolean(33, "automatic_lock", ReadWrite, true),
			boolean(45, "rtc_lock", WriteOnly, nil),
			boolean(46, "manual_lock", WriteOnly, nil),
			percent(8, "residual_electricity", 72),
			integer(12, "unlock_fingerprint", ReadOnly, "", [4]int{0, 999, 0, 1}, 1),
			integer(62, "unlock_phone_remote", ReadOnly, "", [4]int{0, 999, 0, 1}, 0),
			enum(21, "alarm_lock", ReadOnly, "wrong_finger wrong_password low_battery", "wrong_finger"),
			boolean(24, "doorbell", ReadOnly, false),
			enum(40, "closed_opened", ReadOnly, "unknown open closed", "unknown"),
			bytesOf(1, "unlock_method_create", ReadWrite, ""),
		).behind(Gateway),
		device(
			Alarm, "Alarmanlage", "mal", "w4kcz8mpd0tyx6ga", "Alarm host",
			enum(1, "master_mode", ReadWrite, "disarmed arm home sos", "disarmed"),
			integer(2, "delay_set", ReadWrite, "s", [4]int{0, 999, 0, 1}, 15),
			integer(3, "alarm_time", ReadWrite, "min", [4]int{0, 999, 0, 1}, 3),
			boolean(4, "switch_alarm_sound", ReadWrite, true),
			boolean(5, "switch_alarm_light", ReadWrite, true),
			bytesOf(26, "alarm_msg", ReadOnly, "AFoAbwBuAGUAOgAwADAANQBGAGwAdQBy"),
			enum(32, "master_state", ReadWrite, "normal alarm", "normal"),
			enum(36, "sub_state", ReadOnly, "normal alarm fault others", "normal"),
			enum(9, "telnet_state", ReadOnly, "normal sim_card_no", "sim_card_no"),
		),
	}
}
