package tuya

import (
	"encoding/json"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// listed are the categories whose devices Home Assistant knows. In others the codes
// decide what a device is.
var listed = setOf(`amy aqcz bh bzyd cjkg ckmkzq cl clkg cn co2bj cobj cs cwjwq cwwsq cwysj cz dbl dc dd dghsxj dgnbj dj dlq
	dr dsd fs fsd fskg fwd ggq gyd hcdd hjjcy hps hwsb hxd jdcljqr jqbj jsq jtmspro jwbj kfj kg kj ks kt ldcg mal mbd mc
	mcs mjj mk ms msp mzj pc pir pm2.5 qccdz qjdcz qn qxj rqbj rs sd sfkzq sgbj sj sjz sos sp swtz sz szjcy szjqr tdq tgkg
	tgq tyd tyndj voc wg2 wk wkcz wkf wnykq wsdcg wxkg xdd xnyjcn xxj ykq ylcg ywbj ywcgq zd zndb znjdq znjxs znnbq znrb
	zwjcy`)

// also are codes that are shown by themselves although a larger entity uses them.
var also = setOf(`kj/switch cs/temp_indoor cs/humidity_indoor jsq/humidity_current jsq/temp_current jsq/temp_current_f
	jsq/level qn/level sd/mode`)

var (
	isFan     = setOf("cs fs fsd fskg kj ks")
	isLock    = setOf("ms jtmspro jtmsbh videolock photolock bxx gyms hotelms ms_category")
	alarmHost = setOf("mal wg2")
)

// climateAlone is the mode of devices that can only be switched on.
var climateAlone = map[string]string{
	"dbl": "heat", "mjj": "heat", "qn": "heat", "rs": "heat", "wkf": "heat", "kt": "cool", "wk": "heat_cool",
}

var humidifierRows = map[string]struct {
	measured, target string
	class            hubs.Class
}{
	"cs":  {"humidity_indoor", "dehumidify_set_value", hubs.Dehumidifies},
	"jsq": {"humidity_current", "humidity_set", hubs.Humidifies},
}

var plainLight = lightRow{on: "switch_led", mode: "work_mode", level: "bright_value", temp: "temp_value", colour: "colour_data"}

// twoDimmers are dimmers whose gangs, where they have two, know no limits.
var twoDimmers = []lightRow{
	dimmer("switch_led", "bright_value_v2 bright_value", "Light"),
	{on: "switch_led_1", level: "bright_value_1", name: "Light 1"},
	{on: "switch_led_2", level: "bright_value_2", name: "Light 2"},
}

// lightRows are the lights of a category.
var lightRows = map[string][]lightRow{
	"dj": {
		{
			on: "switch_led", mode: "work_mode", level: "bright_value_v2 bright_value", temp: "temp_value_v2 temp_value",
			colour: "colour_data_v2 colour_data",
		},
		{on: "switch_1", level: "bright_value_1", name: "Light 1"},
	},
	"dc": {plainLight}, "fwd": {plainLight}, "gyd": {plainLight}, "hcdd": {plainLight}, "tyd": {plainLight},
	"tyndj": {plainLight}, "xdd": {plainLight}, "dd": {plainLight},
	"fsd":   {plainLight, {on: "light"}},
	"dsd":   {{on: "switch_led", mode: "work_mode", level: "bright_value"}},
	"mbd":   {{on: "switch_led", mode: "work_mode", level: "bright_value", colour: "colour_data"}},
	"qjdcz": {{on: "switch_led", mode: "work_mode", level: "bright_value", colour: "colour_data"}},
	"bzyd":  {{on: "switch_led", mode: "work_mode", colour: "colour_data"}},
	"jsq":   {{on: "switch_led", mode: "work_mode", level: "bright_value", colour: "colour_data_hsv"}},
	"fs": {
		{on: "light", mode: "work_mode", level: "bright_value", temp: "temp_value"},
		{on: "switch_led", level: "bright_value_1", name: "Light 2"},
	},
	"hxd":   {dimmer("switch_led", "bright_value_v2 bright_value", "Light")},
	"tgq":   twoDimmers,
	"tdq":   twoDimmers,
	"sz":    {{on: "light", level: "bright_value", name: "Light"}},
	"cwwsq": {{on: "light", name: "Light", role: hubs.Config}},
	"msp":   {{on: "light", name: "Light", role: hubs.Config}},
}

func dimmer(on, level, name string) lightRow {
	return lightRow{on: on, level: level, low: "brightness_min_1", high: "brightness_max_1", name: name}
}

// anyLight are the lights that codes tell in any category.
var anyLight = []lightRow{
	{
		on: "switch_led", mode: "work_mode", level: "bright_value_v2 bright_value", temp: "temp_value_v2 temp_value",
		colour: "colour_data_v2 colour_data colour_data_hsv",
	},
	{on: "switch_led_1", level: "bright_value_1", low: "brightness_min_1", high: "brightness_max_1", name: "Light 1"},
	{on: "switch_led_2", level: "bright_value_2", low: "brightness_min_2", high: "brightness_max_2", name: "Light 2"},
	{on: "switch_led_3", level: "bright_value_3", low: "brightness_min_3", high: "brightness_max_3", name: "Light 3"},
	{on: "switch_led_4", level: "bright_value_4", name: "Light 4"},
	{on: "switch_controller", mode: "work_mode mode_controller", level: "bright_controller", temp: "temp_controller"},
	{on: "floodlight_switch", level: "floodlight_lightness", name: "Floodlight"},
	{on: "basic_indicator", name: "Indicator light", role: hubs.Config},
	{on: "switch_backlight", name: "Backlight", role: hubs.Config},
	{on: "light", name: "Backlight", role: hubs.Config},
	{on: "switch_night_light", name: "Night light"},
}

// coverRows are the covers of a category.
var coverRows = map[string][]coverRow{
	"cl": {
		{order: "control", state: "situation_set control", read: "percent_state percent_control", set: "percent_control", tilt: tilts, name: "Curtain", class: hubs.Curtain},
		{order: "control_2", read: "percent_state_2 percent_control_2", set: "percent_control_2", name: "Curtain 2", class: hubs.Curtain},
		{order: "control_3", read: "percent_state_3 percent_control_3", set: "percent_control_3", name: "Curtain 3", class: hubs.Curtain},
		{order: "mach_operate", read: "position", set: "position", name: "Curtain", class: hubs.Curtain},
		{order: "switch_1", read: "percent_control", set: "percent_control", name: "Blind", class: hubs.Blind},
	},
	"clkg": {
		{order: "control", read: "percent_control", set: "percent_control", tilt: tilts, name: "Curtain", class: hubs.Curtain, forward: true},
		{order: "control_2", read: "percent_control_2", set: "percent_control_2", name: "Curtain 2", class: hubs.Curtain, forward: true},
	},
	"jdcljqr": {{order: "control", read: "percent_state", set: "percent_control", name: "Curtain", class: hubs.Curtain}},
	"ckmkzq": {
		{order: "switch_1", closed: "doorcontact_state", name: "Door 1", class: hubs.Garage},
		{order: "switch_2", closed: "doorcontact_state_2", name: "Door 2", class: hubs.Garage},
		{order: "switch_3", closed: "doorcontact_state_3", name: "Door 3", class: hubs.Garage},
	},
}

const tilts = "angle_horizontal angle_vertical"

// anyCover are the covers that codes tell in any category.
var anyCover = []coverRow{
	{order: "control", state: "situation_set control", read: "percent_state percent_control", set: "percent_control", tilt: tilts, name: "Curtain", class: hubs.Curtain, needs: "open close"},
	{order: "control_2", read: "percent_state_2 percent_control_2", set: "percent_control_2", name: "Curtain 2", class: hubs.Curtain, needs: "open close"},
	{order: "mach_operate", read: "position", set: "position", name: "Curtain", class: hubs.Curtain, needs: "open close"},
}

// usualSpans are the ranges of numbers whose specification gives none.
var usualSpans = map[string]span{
	"bright_value": {25, 255}, "bright_value_v2": {10, 1000}, "bright_value_1": {10, 1000}, "bright_value_2": {10, 1000},
	"bright_value_3": {10, 1000}, "temp_value": {0, 255}, "temp_value_v2": {0, 1000},
	"percent_control": {0, 100}, "percent_control_2": {0, 100}, "percent_control_3": {0, 100},
	"percent_state": {0, 100}, "percent_state_2": {0, 100}, "percent_state_3": {0, 100}, "position": {0, 100},
}

// vacuumStates are Home Assistant's words for what a robot does.
var vacuumStates = words(map[string]string{
	"cleaning":  "cleaning goto_pos mop_clean part_clean pick_zone_clean pos_arrived pos_unarrive random smart smart_clean spot_clean wall_clean wall_follow zone_clean",
	"docked":    "charge_done chargecompleted chargego charging",
	"returning": "docking goto_charge",
	"idle":      "sleep standby",
	"paused":    "paused pause",
	"error":     "fault error",
})

// decoders make a text of bytes that have a form of their own.
var decoders = map[string]func(json.RawMessage) string{
	"alarm_msg":     wideText,
	"meal_plan":     mealPlan,
	"alarm_message": narrowText,
}
