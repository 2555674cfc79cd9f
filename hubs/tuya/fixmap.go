package tuya

// Corrections that several products share.
var (
	tenthsOfPower = []fixed{
		{code: "cur_power", values: `{"scale":1,"min":0,"max":80000}`}, {code: "cur_voltage", values: `{"scale":1,"min":0,"max":5000}`},
	}
	soilSensor = []fixed{
		{code: "temp_current", dp: 27, kind: "Integer", values: `{"unit":"℃","min":-400,"max":1000,"scale":1,"step":1}`},
		{code: "humidity_value", dp: 46, kind: "Integer", values: `{"unit":"%","min":0,"max":100,"scale":0,"step":1}`},
	}
	batteryOn101 = fixed{code: "battery_state", dp: 101, kind: "Enum", values: `{"range":["low","middle","high"]}`}
	batteryOn102 = fixed{code: "battery_state", dp: 102, kind: "Enum", values: `{"range":["low","middle","high"]}`}
)

// fixes are the products whose specification is wrong, by product id.
var fixes = map[string]fix{
	"qxJSyTLEtX5WrzA9": {set: tenthsOfPower},
	"eyEYwtdx9VhexxLW": {set: tenthsOfPower},
	"QH3oyDNHKw9c1irH": {set: tenthsOfPower},
	"wifvoilfrqeo6hvu": {set: append([]fixed{{code: "add_ele", values: `{"scale":3}`}}, tenthsOfPower...)},
	"r2ilemqbtocmulgb": {set: []fixed{{code: "temp_current", values: `{"scale":1,"min":-500,"max":1500}`}}},
	"7bqwya0ydtz4q3ss": {set: []fixed{{code: "power_total", values: `{"unit":"W"}`}}},

	// Ranges that lack words which the device uses.
	"cpmgn2cf":         {set: []fixed{{code: "mode", values: `{"range":["holiday","auto","manual","comfort","eco","BOOST","temp_auto"]}`}}},
	"if6pqia2gbtvqa6l": {set: []fixed{{code: "mode", values: `{"range":["auto","home"]}`}}},
	"ucf09xuve67adcp4": {set: []fixed{{code: "mode", values: `{"range":["auto","comfort","eco","holiday"]}`}}},
	"crh9iaqFowdJX5UY": {set: []fixed{
		{code: "mode", values: `{"range":["cold","hot","wet","wind"]}`},
		{code: "temp_set", values: `{"unit":"℃","min":16,"max":30,"scale":0,"step":1}`},
		{code: "temp_current", values: `{"unit":"℃","min":-20,"max":60,"scale":0,"step":1}`},
	}},
	"tjvnxyobs3upidjo": {set: []fixed{{code: "mode", values: `{"range":["eco","off"]}`}}},
	"ndvina39gbq8x0jk": {set: []fixed{{code: "light_mode", values: `{"range":["relay","pos","none","on"]}`}}},
	"avriaapskyik4eaa": {set: []fixed{{code: "light_mode", values: `{"range":["relay","pos","none","on"]}`}}},
	"ma3oq4onxxwg91ky": {set: []fixed{{code: "fault", values: `{"label":["E1","E2","tankfull"]}`}}},

	// Covers whose position runs as Home Assistant's, or is never right.
	"68nvbio9":         {plain: true},
	"cf1sl3tj":         {plain: true},
	"nfq1essvr99qsvvd": {plain: true},
	"csgb8eqhczvjaetl": {plain: true},
	"xyakonle1azq2xgn": {mute: true},

	// Reports that are increments.
	"wfkzyy0evslzsmoi": {set: []fixed{{code: "feed_report", report: "sum"}}},

	// Data points that are not advertised.
	"datzwoplui1zao16": {category: "wsdcg", set: soilSensor},
	"x3o8epevyeo3z3oa": {category: "wsdcg", set: append([]fixed{batteryOn101}, soilSensor...)},
	"xeagimantb7d7apb": {category: "wsdcg", set: append([]fixed{batteryOn101}, soilSensor...)},
	"p6sqiuesvhmhvv4f": {category: "mcs", set: []fixed{{code: "doorcontact_state", dp: 101, kind: "Boolean"}}},
	"a9fn0xcsckjoqpnd": {category: "mcs", set: []fixed{{code: "doorcontact_state", dp: 101, kind: "Boolean"}, batteryOn102}},
	"gk0d4i8g5akryd9d": {category: "pir", set: []fixed{{code: "pir", dp: 101, kind: "Enum", values: `{"range":["pir","none"]}`}, batteryOn102}},
	"uhtamgih7kkdcqtx": {set: []fixed{
		{code: "humidity_indoor", kind: "Integer", values: `{"unit":"%","min":0,"max":100,"scale":0,"step":1}`},
		{code: "temp_indoor", kind: "Integer", values: `{"unit":"℃","min":-20,"max":100,"scale":0,"step":1}`},
	}},
	"16qjjjnzx7hyveiq": {set: []fixed{{code: "humidity", dp: 111, kind: "Integer", values: `{"unit":"%","min":0,"max":100,"scale":0,"step":1}`}}},
	"qajfz5x1lqej5xxw": {set: []fixed{{code: "ph_current", dp: 102, kind: "Integer", values: `{"unit":"ph","min":0,"max":1400,"scale":2,"step":1}`}}},
	"m7kacaxrxbxeegfs": {set: []fixed{{code: "ext_temp", dp: 101, kind: "Integer", values: `{"unit":"℃","min":-400,"max":1500,"scale":1,"step":1}`}}},
	"ircs2n82vgrozoew": {set: []fixed{
		{code: "switch", dp: 105, kind: "Boolean", write: true},
		{code: "mode", dp: 103, kind: "Enum", values: `{"range":["MI","AI","backwash"]}`, write: true},
		{code: "speed_set", dp: 111, kind: "Integer", values: `{"unit":"%","min":30,"max":120,"scale":0,"step":5}`, write: true},
		{code: "speed_current", dp: 102, kind: "Integer", values: `{"unit":"%","min":0,"max":120,"scale":0,"step":1}`},
	}},
}
