package tuyatest

// What a colour of the second generation may be.
const hsvSpec = `{"h":{"min":0,"scale":0,"unit":"","max":360,"step":1},` +
	`"s":{"min":0,"scale":0,"unit":"","max":1000,"step":1},"v":{"min":0,"scale":0,"unit":"","max":1000,"step":1}}`

func lights() []Device {
	onOff := boolean(20, "switch_led", ReadWrite, true)
	mode := enum(21, "work_mode", ReadWrite, "white colour scene music", "white")
	return []Device{
		device(
			Bulb, "Stehlampe ", "dj", "qmrw0kl5xtvb7h2e", "A60 RGBCW",
			onOff, mode,
			integer(22, "bright_value_v2", ReadWrite, "", [4]int{10, 1000, 0, 1}, 640),
			integer(23, "temp_value_v2", ReadWrite, "", [4]int{0, 1000, 0, 1}, 250),
			object(24, "colour_data_v2", ReadWrite, hsvSpec, `{"h":120,"s":1000,"v":500}`),
			object(25, "scene_data_v2", ReadWrite, `{"scene_num":{"min":1,"scale":0,"max":8,"step":1}}`, `{"scene_num":1,"scene_units":[]}`),
			integer(26, "countdown_1", ReadWrite, "s", [4]int{0, 86400, 0, 1}, 0),
			object(28, "control_data", WriteOnly, "{}", nil),
			boolean(34, "do_not_disturb", ReadWrite, false).thingOnly(),
		),
		device(
			OldBulb, "Nachttisch links", "dj", "ZtR4bqYw", "E14 colour",
			boolean(1, "switch_led", ReadWrite, false),
			enum(2, "work_mode", ReadWrite, "white colour scene scene_1 scene_2 scene_3 scene_4", "white"),
			integer(3, "bright_value", ReadWrite, "", [4]int{25, 255, 0, 1}, 255),
			integer(4, "temp_value", ReadWrite, "", [4]int{0, 255, 0, 1}, 60),
			object(5, "colour_data", ReadWrite, "{}", `{"h":220.0,"s":255.0,"v":128.0}`),
		),
		device(
			Strip, "LED-Band Regal", "dd", "hx2mgo9wkc1dpv6a", "RGB strip",
			onOff, mode,
			text(24, "colour_data", ReadWrite, 255, "007803e801f4"),
			integer(22, "bright_value", ReadWrite, "", [4]int{10, 1000, 0, 1}, 1000),
		),
		device(
			Ceiling, "Deckenlampe Küche", "xdd", "vd1q7sgzp0xk8cny", "Ceiling CCT",
			onOff, enum(21, "work_mode", ReadWrite, "white scene", "white"),
			integer(22, "bright_value", ReadWrite, "", [4]int{10, 1000, 0, 1}, 1000),
			integer(23, "temp_value", ReadWrite, "", [4]int{0, 1000, 0, 1}, 1000),
			boolean(30, "switch_night_light", ReadWrite, false),
			boolean(34, "do_not_disturb", ReadWrite, false),
		),
		device(
			Dimmer, "Dimmer Büro", "tgq", "w6nfa3ejx9tq5uzo", "Dimmer module",
			boolean(1, "switch_led_1", ReadWrite, true),
			integer(2, "bright_value_1", ReadWrite, "", [4]int{10, 1000, 0, 1}, 400),
			integer(3, "brightness_min_1", ReadWrite, "", [4]int{10, 1000, 0, 1}, 100),
			integer(4, "brightness_max_1", ReadWrite, "", [4]int{10, 1000, 0, 1}, 800),
			enum(5, "led_type_1", ReadWrite, "led incandescent halogen", "led"),
		),
		device(
			SolarLight, "Gartenlicht", "tyndj", "y7ulpd2h", "Solar light",
			boolean(1, "switch_led", ReadWrite, false),
			integer(3, "bright_value", ReadWrite, "", [4]int{10, 1000, 0, 1}, 500),
			percent(101, "battery_percentage", 88),
			boolean(102, "switch_save_energy", ReadWrite, false),
		),
		device(
			Guest, "Lampe nebenan", "dj", "qmrw0kl5xtvb7h2e", "A60 RGBCW",
			onOff, mode,
			integer(22, "bright_value_v2", ReadWrite, "", [4]int{10, 1000, 0, 1}, 300),
			integer(23, "temp_value_v2", ReadWrite, "", [4]int{0, 1000, 0, 1}, 0),
			object(24, "colour_data_v2", ReadWrite, hsvSpec, `{"h":0,"s":0,"v":1000}`),
			object(25, "scene_data_v2", ReadWrite, `{"scene_num":{"min":1,"scale":0,"max":8,"step":1}}`, `{"scene_num":2,"scene_units":[]}`),
			integer(26, "countdown_1", ReadWrite, "s", [4]int{0, 86400, 0, 1}, 0),
			object(28, "control_data", WriteOnly, "{}", nil),
			boolean(34, "do_not_disturb", ReadWrite, true).thingOnly(),
		),
	}
}

// covers are raw: 0 is open, unless the motor is turned round.
func covers() []Device {
	return []Device{
		device(
			Curtain, "Vorhang Süd", "cl", "g5wsc8yxe2nqd0bt", "Curtain motor",
			enum(1, "control", ReadWrite, "open stop close continue", "open"),
			integer(2, "percent_control", ReadWrite, "%", [4]int{0, 100, 0, 1}, 0),
			percent(3, "percent_state", 0),
			boolean(5, "control_back", ReadWrite, false),
			enum(6, "control_back_mode", ReadWrite, "forward back", "forward"),
			enum(7, "work_state", ReadOnly, "opening closing", "opening"),
			integer(10, "time_total", ReadOnly, "ms", [4]int{0, 120000, 0, 1}, 10000),
			enum(11, "situation_set", ReadOnly, "fully_open fully_close", "fully_open"),
			faults(12, "motor_fault"),
		),
		device(
			Shutter, "Rollladen Büro", "clkg", "x8bmw4vqk1hzt9as", "Curtain switch",
			enum(1, "control", ReadWrite, "open stop close", "stop"),
			integer(2, "percent_control", ReadWrite, "%", [4]int{0, 100, 0, 1}, 100),
			enum(8, "control_back_mode", ReadWrite, "forward back", "back"),
			boolean(14, "switch_backlight", ReadWrite, true),
			enum(3, "cur_calibration", ReadWrite, "start end", "end"),
		),
		device(
			Garage, "Garagentor", "ckmkzq", "o2tdz5wexm3rqa6k", "Garage door opener",
			boolean(1, "switch_1", ReadWrite, false),
			integer(2, "countdown_1", ReadWrite, "s", [4]int{0, 86400, 0, 1}, 0),
			boolean(3, "doorcontact_state", ReadOnly, false),
			integer(4, "tr_timecon", ReadWrite, "s", [4]int{10, 120, 0, 1}, 20),
			enum(12, "door_state_1", ReadOnly, "unclosed_time close_time_alarm none", "none"),
		),
	}
}
