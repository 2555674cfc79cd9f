package tuya

import "github.com/hub2mqtt/hub2mqtt/hubs"

// textRules are texts, and bytes in base64 that the maker documents nowhere.
var textRules = table{
	"cycle_time":     {name: "Recurring timer", role: hubs.Config, hidden: true},
	"random_time":    {name: "Random timer", role: hubs.Config, hidden: true},
	"switch_inching": {name: "Inching", role: hubs.Config, hidden: true},
	"meal_plan":      {name: "Meal plan", role: hubs.Diagnostic},
	"alarm_msg":      {name: "Alarm message", role: hubs.Diagnostic},
	"alarm_message":  {name: "Alarm message", role: hubs.Diagnostic, hidden: true},
	"scene_data":     {name: "Scene", role: hubs.Config, hidden: true},
	"scene_data_v2":  {name: "Scene", role: hubs.Config, hidden: true},
	"control_data":   {name: "Live control", role: hubs.Config, hidden: true},
	"music_data":     {name: "Music mode data", role: hubs.Config, hidden: true},
}
