package tuyatest

func power() []Device {
	relay := enum(38, "relay_status", ReadWrite, "off on last", "last")
	return []Device{
		device(
			Plug, "Steckdose Waschmaschine", "cz", "gx7kvn2qwz4mtd9e", "Smart plug with meter",
			boolean(1, "switch_1", ReadWrite, true),
			integer(9, "countdown_1", ReadWrite, "s", [4]int{0, 86400, 0, 1}, 0),
			integer(17, "add_ele", ReadOnly, "kW·h", [4]int{0, 50000, 3, 100}, 100).sum(),
			integer(18, "cur_current", ReadOnly, "mA", [4]int{0, 30000, 0, 1}, 182),
			integer(19, "cur_power", ReadOnly, "W", [4]int{0, 80000, 1, 1}, 415),
			integer(20, "cur_voltage", ReadOnly, "V", [4]int{0, 5000, 1, 1}, 2302),
			relay, boolean(41, "child_lock", ReadWrite, false),
			faults(26, "ov_cr ov_vol ov_pwr ls_cr ls_vol ls_pow"),
			text(44, "cycle_time", ReadWrite, 255, ""),
		),
		device(
			PowerStrip, "Leiste Büro", "pc", "y3wfm8dxq1nkt5bz", "Power strip",
			boolean(1, "switch_1", ReadWrite, true), boolean(2, "switch_2", ReadWrite, false),
			boolean(3, "switch_3", ReadWrite, false), boolean(4, "switch_4", ReadWrite, true),
			boolean(7, "switch_usb1", ReadWrite, true),
			integer(9, "countdown_1", ReadWrite, "s", [4]int{0, 86400, 0, 1}, 0),
		),
		device(
			WallSwitch, "Schalter Flur", "kg", "n5zqx7rd", "Zigbee switch",
			boolean(1, "switch_1", ReadWrite, false), boolean(2, "switch_2", ReadWrite, true),
			integer(7, "countdown_1", ReadWrite, "s", [4]int{0, 43200, 0, 1}, 0),
			enum(14, "relay_status", ReadWrite, "power_off power_on last", "last"),
			enum(15, "light_mode", ReadWrite, "relay pos none", "relay"),
			boolean(16, "switch_backlight", ReadWrite, true),
		).behind(Gateway),
		device(
			Meter, "Hauszähler", "zndb", "b8tcv0nqx6wzk4my", "Smart meter",
			integer(1, "forward_energy_total", ReadOnly, "kW·h", [4]int{0, 99999999, 2, 1}, 1520210),
			integer(23, "reverse_energy_total", ReadOnly, "kW·h", [4]int{0, 99999999, 2, 1}, 80112),
			bytesOf(6, "phase_a", ReadOnly, phase(230.1, 2.41, 531)).spelt("raw", ""),
			bytesOf(7, "phase_b", ReadOnly, phase(229.8, 0.62, 131)),
			bytesOf(8, "phase_c", ReadOnly, ""),
			integer(9, "total_power", ReadOnly, "W", [4]int{-99999999, 99999999, 1, 1}, 6620),
			integer(32, "supply_frequency", ReadOnly, "Hz", [4]int{0, 9999, 2, 1}, 5000),
			faults(10, "ov_vol miss_phase"),
		),
		device(
			Breaker, "Sicherung Keller", "dlq", "k6pdm2zwt8xqn0vr", "Breaker",
			boolean(16, "switch", ReadWrite, true),
			object(6, "phase_a", ReadOnly, "{}", `{"electricCurrent":1.204,"power":0.262,"voltage":230.4}`),
			integer(1, "total_forward_energy", ReadOnly, "kW.h", [4]int{0, 99999999, 2, 1}, 31207),
			integer(17, "supply_frequency", ReadOnly, "Hz", [4]int{0, 9999, 2, 1}, 0),
			bytesOf(18, "alarm_set_1", ReadWrite, ""),
			text(19, "breaker_number", ReadOnly, 255, ""),
			boolean(29, "child_lock", ReadWrite, false),
			integer(15, "leakage_current", ReadOnly, "mA", [4]int{0, 1000, 0, 1}, 0),
		),
		device(
			Inverter, "Solar mit Speicher", "xnyjcn", "o9vzt3hkx1qmw7gd", "Storage inverter",
			percent(101, "current_soc", 64),
			integer(102, "pv_power_total", ReadOnly, "W", [4]int{0, 100000, 1, 1}, 0),
			integer(103, "pv_power_channel_1", ReadOnly, "W", [4]int{0, 50000, 1, 1}, 0),
			integer(104, "battery_power", ReadOnly, "W", [4]int{-50000, 50000, 1, 1}, -1200),
			integer(105, "inverter_output_power", ReadOnly, "W", [4]int{0, 100000, 1, 1}, 1180),
			integer(106, "cumulative_energy_generated_pv", ReadOnly, "kWh", [4]int{0, 99999999, 2, 1}, 418200),
			integer(107, "output_power_limit", ReadWrite, "W", [4]int{0, 800, 0, 10}, 800),
			integer(108, "backup_reserve", ReadWrite, "%", [4]int{5, 95, 0, 1}, 20),
			enum(109, "work_mode", ReadWrite, "self_powered time_of_use manual", "self_powered"),
			boolean(110, "feedin_power_limit_enable", ReadWrite, true),
		),
	}
}
