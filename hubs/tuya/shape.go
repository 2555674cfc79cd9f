package tuya

// shape is the category whose devices have such codes, for devices of a category that
// nobody listed; its own where the codes do not tell.
func (b *builder) shape() string {
	has := func(codes string, kinds ...dpType) bool { return b.control(codes, kinds...) != nil }
	reports := func(codes string, kinds ...dpType) bool { return b.find(codes, kinds...) != nil }
	switch {
	case has("power_go", typeBool) && reports("suction electricity_left status", typeEnum, typeInt):
		return "sd"
	case has("dehumidify_set_value", typeInt):
		return "cs"
	case has("humidity_set", typeInt) && has("switch switch_spray", typeBool) && !has("temp_set", typeInt):
		return "jsq"
	case has("temp_set", typeInt) && reports("temp_current upper_temp", typeInt) && has("switch power_switch", typeBool):
		return "wk"
	case has(speedCodes, typeInt, typeEnum) && has("switch switch_fan fan_switch", typeBool):
		return "fs"
	case has("master_mode", typeEnum):
		return "mal"
	}
	return b.category
}
