package tuyatest

import (
	"strings"
	"testing"
	"time"
)

// A story is what a client does to a device, and what must be true some time after it.
// Orders and values are "code=value", with semicolons between them; values in JSON in
// orders, as text in what is wanted.
func TestStories(t *testing.T) {
	type scene struct {
		do   string
		wait time.Duration
		want string
	}
	for name, c := range map[string]struct {
		device string
		scenes []scene
	}{
		"curtain closes and stops": {Curtain, []scene{
			{`control="close"`, 5 * time.Second, "percent_state=40;work_state=closing;control=close"},
			{`control="stop"`, time.Minute, "percent_state=40"},
			{`percent_control=10`, time.Minute, "percent_state=10;work_state=opening"},
			{`control="open"`, time.Minute, "percent_state=0"},
			{`control="open"`, time.Minute, "percent_state=0"},
		}},
		"shutter is turned round": {Shutter, []scene{
			{`control="close"`, time.Minute, "percent_control=0"},
			{`control="open"`, time.Minute, "percent_control=100"},
		}},
		"garage": {Garage, []scene{
			{`switch_1=true`, 5 * time.Second, "doorcontact_state=false"},
			{``, 6 * time.Second, "doorcontact_state=true"},
			{`switch_1=false`, 11 * time.Second, "doorcontact_state=false"},
		}},
		"socket": {Plug, []scene{
			{`switch_1=false`, 0, "cur_power=0;cur_current=0"},
			{`switch_1=true`, 0, "cur_power=415"},
		}},
		"thermostat": {Thermostat, []scene{
			{`temp_set=200`, 0, "valve_state=close"},
			{`temp_set=300`, 0, "valve_state=open"},
			{`switch=false`, 0, "valve_state=close"},
		}},
		"robot cleans": {Vacuum, []scene{
			{`power_go=true`, time.Second, "status=cleaning;pause=false"},
			{`pause=true`, time.Second, "status=paused"},
			{`pause=false`, time.Second, "status=cleaning"},
			{``, 301 * time.Second, "status=goto_charge;clean_area=31;total_clean_count=42;power_go=false"},
			{``, 11 * time.Second, "status=charging"},
			{``, 301 * time.Second, "status=charge_done"},
			{`power_go=false`, 0, "status=standby"},
			{`switch_charge=true`, 11 * time.Second, "status=charging;switch_charge=false"},
			{`seek=true`, time.Second, "seek=true"},
			{``, 3 * time.Second, "seek=false"},
			{`reset_filter=true`, 4 * time.Second, "filter=9000;reset_filter=false"},
			{`mode="chargego"`, 0, "status=goto_charge"},
		}},
		"siren": {Siren, []scene{
			{`alarm_time=5;alarm_switch=true`, 4 * time.Second, "alarm_switch=true"},
			{``, 2 * time.Second, "alarm_switch=false"},
		}},
		"feeder": {Feeder, []scene{
			{`manual_feed=3`, time.Second, "feed_state=feeding"},
			{``, 3 * time.Second, "feed_state=standby;feed_report=3"},
		}},
		"alarm": {Alarm, []scene{
			{`master_mode="sos"`, 0, "master_state=alarm"},
			{`master_mode="disarmed"`, 0, "master_state=normal"},
		}},
		"valve": {Valve, []scene{
			{`countdown=60;switch=true`, 59 * time.Second, "switch=true;work_state=manual"},
			{``, 2 * time.Second, "switch=false;work_state=idle;use_time_one=60;time_use=14085"},
			{`countdown=0;switch=true`, time.Hour, "switch=true"},
			{`switch=false`, 0, "work_state=idle"},
		}},
		"purifier": {Purifier, []scene{{`filter_reset=true`, 4 * time.Second, "filter=0;filter_reset=false"}}},
		"camera":   {Camera, []scene{{`siren_switch=true`, 4 * time.Second, "siren_switch=false"}}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, b *bench) {
				for _, s := range c.scenes {
					if s.do != "" {
						b.command(0, c.device, pairs(s.do)...)
					}
					pass(s.wait)
					b.has(c.device, pairs(s.want)...)
				}
			})
		})
	}
}

func pairs(text string) []string {
	out := []string{}
	for part := range strings.SplitSeq(text, ";") {
		code, value, _ := strings.Cut(part, "=")
		out = append(out, code, value)
	}
	return out
}

func TestCameraRestarts(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, b *bench) {
		b.command(0, Camera, "device_restart", "true")
		b.command(codeOffline, Camera, "record_switch", "false")
		pass(21 * time.Second)
		b.command(0, Camera, "record_switch", "false")
	})
}

func TestPhaseVector(t *testing.T) {
	if got := phase(236.5, 0.608, 133); got != "CT0AAmAAAIU=" {
		t.Errorf("want CT0AAmAAAIU=, got %s", got)
	}
}
