package tuyatest

import "time"

// The devices of DefaultHome.
const (
	Gateway      = "bf015a0e1818803b6b0000" // Zigbee gateway; most sensors hang on it
	Plug         = "bf02dce109d49823080000" // socket with a meter
	PowerStrip   = "bf0375e580ef22a3bc0000" // four sockets and USB
	WallSwitch   = "bf0482b6b8f9e491a40000" // two gangs
	Dimmer       = "bf05492f0442af5a1f0000" // dimmer module with brightness limits
	Bulb         = "bf06af5f03ea6ab4970000" // colour light of the second generation
	OldBulb      = "bf072000340b6ef5f10000" // colour light of the first, its colour unspecified
	Strip        = "bf0897dbb8252fe5770000" // strip whose colour is a text of hex digits
	Ceiling      = "bf09e29db923e25b510000" // white light, warm to cold
	SolarLight   = "bf1024235e02d640680000" // garden light; battery
	Curtain      = "bf119cfa03914aa7610000" // curtain that tells its position
	Shutter      = "bf127116fe95954ec90000" // shutter that does not, turned round
	Garage       = "bf13f614ac324abb740000" // garage door
	Thermostat   = "bf14dc5ba5ed91b4490000" // floor heating
	Radiator     = "bf154278c5290c8eb40000" // radiator valve; battery
	Heater       = "bf16bc19929961092e0000" // all of its data points are custom ones
	Aircon       = "bf177ce8b1d0e710c20000" // air conditioner with two units and numbers for words
	Fan          = "bf18ec384064ecf4ae0000" // fan that swings
	Humidifier   = "bf19cddc2aa723fb850000"
	Dehumidifier = "bf202f52692cb4dcdd0000"
	Purifier     = "bf21e244ec921ae68f0000" // its mode is a word that its specification lacks
	Vacuum       = "bf225fe15df2c788270000" // robot
	Motion       = "bf23e040db2b7f13610000" // battery
	Door         = "bf24478d47b06dda440000" // contact; battery
	Leak         = "bf2597cc91dade46fa0000" // battery
	Smoke        = "bf26028f2cb637bdc90000" // battery
	Gas          = "bf27ead9650a748b7a0000"
	Carbon       = "bf286097563751a0dd0000" // CO2, temperature, humidity
	Climate      = "bf29485786017dbe150000" // temperature and humidity; battery
	Probe        = "bf301a1a99d7ad68050000" // weather station without its probe
	Lock         = "bf31891ebccd5baa320000" // battery; opened from afar by ticket
	Siren        = "bf3212fd9f3e2e2c670000" // battery
	Valve        = "bf33986d2de2ea6df10000" // garden valve; battery
	Button       = "bf34794145f030ff720000" // two buttons; battery
	Meter        = "bf35df8fad2cc280800000" // three phases as bytes
	Breaker      = "bf36b4a3b83090f34d0000" // one phase as JSON
	Inverter     = "bf37e429b527abcbe20000" // solar inverter with a store
	IRHub        = "bf3869ce4c6e636f710000" // infrared hub
	IRAircon     = "bf39a1b2217a3dc0d60000" // remote control of an air conditioner
	IRTelevision = "bf40927339437857a00000" // remote control of a television
	Feeder       = "bf4127b1f162597cc50000" // pet feeder
	Camera       = "bf424da9c9af9631e20000"
	Alarm        = "bf4325f8c55de811ed0000" // alarm host
	Kettle       = "bf442cb7c2c68ab1630000" // takes commands by the thing model alone
	Odd          = "bf45dc28f5f3c65ec60000" // a category of its own, and every quirk
	Guest        = "bf46face83ee3014bd0000" // a light that another account shares
)

// The accounts of DefaultHome: its own, and one that only shares.
const (
	DefaultUID = "eu1690000000000aBcDe"
	GuestUID   = "eu1690000000001fGhIj"
)

// The homes and scenes of DefaultHome.
const (
	House       int64 = 34567890
	Garden      int64 = 34567891
	GuestHouse  int64 = 45678901
	GoodNight         = "sc8Qw1Zt6Yx3Vb0N" // switches off bulb and plug, closes the curtain
	OldScene          = "sc5Er2Ty7Ui4Op1L" // disabled
	BrokenScene       = "sc3Kj8Hg1Fd6Sa9P" // its status is not valid
	Watering          = "sc7Nm4Bv2Cx9Zl5K" // opens the valve
)

// DefaultHome is a household as people name it. The caller owns the result. Only
// DefaultUID is the owner of what it lists; a project that links it alone sees all.
func DefaultHome() *Home {
	h := &Home{
		Accounts: []Account{
			{
				UID: DefaultUID, Name: "familie@example.org", Country: "49",
				Places: []Place{house(), garden()},
			},
			{UID: GuestUID, Name: "nachbar@example.org", Country: "49", Places: []Place{{ID: GuestHouse, Name: "Nebenan"}}},
		},
	}
	for _, room := range [][]Device{lights(), covers(), climates(), air(), sensors(), safety(), power(), machines(), others()} {
		h.Devices = append(h.Devices, room...)
	}
	start := time.Date(2024, 3, 9, 10, 30, 0, 0, time.UTC)
	for i := range h.Devices {
		d := &h.Devices[i]
		d.Active = start.Add(time.Duration(i) * 26 * time.Hour)
		switch d.ID {
		case Guest:
			d.UID, d.Place, d.Shared = GuestUID, GuestHouse, DefaultUID
		case Valve, SolarLight:
			d.UID, d.Place = DefaultUID, Garden
		default:
			d.UID, d.Place = DefaultUID, House
		}
	}
	return h
}

func house() Place {
	return Place{
		ID: House, Name: "Zuhause", GeoName: "Dörrberg", Lat: 50.7123, Lon: 10.7741,
		Rooms: []Room{
			{ID: 5870001, Name: "Wohnzimmer", Devices: []string{Curtain, Bulb, Strip, IRHub, IRAircon, IRTelevision, Purifier, Vacuum}},
			{ID: 5870002, Name: "Küche", Devices: []string{Ceiling, Gas, Leak, Kettle, Feeder}},
			{ID: 5870003, Name: "Bad oben", Devices: []string{Thermostat, Climate, Dehumidifier, Plug}},
			{ID: 5870004, Name: "Büro / Gäste", Devices: []string{PowerStrip, Dimmer, Radiator, Carbon, Fan, Aircon, Shutter}},
			{ID: 5870005, Name: "Flur", Devices: []string{WallSwitch, Motion, Door, Lock, Button, Alarm, Smoke, Siren}},
			{ID: 5870006, Name: "Keller", Devices: []string{Meter, Breaker, Inverter, Garage, Gateway}},
		},
		Members: []Member{
			{UID: DefaultUID, Name: "Familie", Account: "familie@example.org", Country: "49", Admin: true},
			{UID: GuestUID, Name: "Nachbar", Account: "nachbar@example.org", Country: "49"},
		},
		Scenes: []Scene{
			{ID: GoodNight, Name: "Gute Nacht", Actions: []Action{
				{Device: Bulb, Code: "switch_led", Value: false},
				{Device: Plug, Code: "switch_1", Value: false},
				{Device: Curtain, Code: "control", Value: "close"},
			}},
			{ID: OldScene, Name: "Weihnachten", Disabled: true},
			{ID: BrokenScene, Name: "Alte Lampe an", Status: "2"},
		},
	}
}

func garden() Place {
	return Place{
		ID: Garden, Name: "Schrebergarten",
		Rooms: []Room{{ID: 5870101, Name: "Beete", Devices: []string{Valve}}},
		Members: []Member{
			{UID: DefaultUID, Name: "Familie", Account: "familie@example.org", Country: "49", Admin: true},
		},
		Scenes: []Scene{{ID: Watering, Name: "Gießen", Actions: []Action{{Device: Valve, Code: "switch", Value: true}}}},
	}
}
