package expr

import "strings"

// The cultures, in the data of current ICU as .NET presents it, with ordinary spaces
// around AM, PM and currency symbols (wdl-semantics §6). Of the regions of a
// language the first one listed is also found under the language alone.
func cultureList() []*culture {
	all := []*culture{invariant()}
	for _, family := range [][]*culture{english(), german(), french(), spanish(), portuguese(), italianAndDutch(), nordic(), slavic(), turkish(), eastAsian()} {
		all = append(all, family...)
	}
	return all
}

func invariant() *culture {
	return &culture{
		months:      twelve("January February March April May June July August September October November December"),
		shortMonths: twelve("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
		days:        seven("Sunday Monday Tuesday Wednesday Thursday Friday Saturday"),
		shortDays:   seven("Sun Mon Tue Wed Thu Fri Sat"),
		am:          "AM", pm: "PM", era: "A.D.",
		dateSeparator: "/", timeSeparator: ":",
		shortDate: "MM/dd/yyyy", longDate: "dddd, dd MMMM yyyy", shortTime: "HH:mm", longTime: "HH:mm:ss",
		monthDay: "MMMM dd", yearMonth: "yyyy MMMM",
		decimalSeparator: ".", groupSeparator: ",", negativeSign: "-", groupSizes: []int{3},
		currencySymbol: "¤", currencyDigits: 2, currencyPositive: "$n", currencyNegative: "($n)",
		percentPositive: "n %", percentNegative: "-n %", infinity: "Infinity",
	}
}

// with returns a copy of c under a new name, changed.
func (c *culture) with(name string, change func(*culture)) *culture {
	copied := *c
	copied.name = name
	change(&copied)
	return &copied
}

// dates sets the formats of dates and times; the separators follow from them.
func (c *culture) dates(shortDate, longDate, monthDay, yearMonth, shortTime string) {
	c.shortDate, c.longDate, c.monthDay, c.yearMonth, c.shortTime = shortDate, longDate, monthDay, yearMonth, shortTime
	c.longTime = strings.Replace(shortTime, "mm", "mm"+string(shortTime[strings.IndexByte(shortTime, 'm')-1])+"ss", 1)
	c.timeSeparator = string(shortTime[strings.IndexByte(shortTime, 'm')-1])
	c.dateSeparator = shortDate[strings.LastIndexAny(shortDate[:len(shortDate)-1], "/.-"):][:1]
	if strings.Contains(shortDate, ". ") {
		c.dateSeparator = ". "
	}
}

// numbers sets the separators and the currency.
func (c *culture) numbers(decimal, group, symbol, positive, negative string) {
	c.decimalSeparator, c.groupSeparator = decimal, group
	c.currencySymbol, c.currencyPositive, c.currencyNegative = symbol, positive, negative
}

const (
	noBreakSpace       = "\u00a0"
	narrowNoBreakSpace = "\u202f"
)

func twelve(names string) (list [12]string) { copy(list[:], strings.Fields(names)); return list }
func seven(names string) (list [7]string)   { copy(list[:], strings.Fields(names)); return list }

func english() []*culture {
	us := invariant().with("en-US", func(c *culture) {
		c.dates("M/d/yyyy", "dddd, MMMM d, yyyy", "MMMM d", "MMMM yyyy", "h:mm tt")
		c.numbers(".", ",", "$", "$n", "-$n")
		c.percentPositive, c.percentNegative, c.infinity = "n%", "-n%", "∞"
	})
	gb := us.with("en-GB", func(c *culture) {
		c.dates("dd/MM/yyyy", "dddd, d MMMM yyyy", "d MMMM", "MMMM yyyy", "HH:mm")
		c.am, c.pm, c.currencySymbol = "am", "pm", "£"
		c.shortMonths[8] = "Sept"
	})
	return []*culture{
		us, gb,
		us.with("en-CA", func(c *culture) {
			c.dates("yyyy-MM-dd", "dddd, MMMM d, yyyy", "MMMM d", "MMMM yyyy", "h:mm tt")
			c.am, c.pm = "a.m.", "p.m."
		}),
		gb.with("en-AU", func(c *culture) {
			c.dates("d/MM/yyyy", "dddd, d MMMM yyyy", "d MMMM", "MMMM yyyy", "h:mm tt")
			c.currencySymbol = "$"
		}),
		gb.with("en-NZ", func(c *culture) {
			c.dates("d/MM/yyyy", "dddd, d MMMM yyyy", "d MMMM", "MMMM yyyy", "h:mm tt")
			c.currencySymbol = "$"
		}),
		gb.with("en-IE", func(c *culture) {
			c.dates("dd/MM/yyyy", "dddd d MMMM yyyy", "d MMMM", "MMMM yyyy", "HH:mm")
			c.currencySymbol = "€"
		}),
		gb.with("en-IN", func(c *culture) {
			c.dates("dd/MM/yyyy", "dddd, d MMMM, yyyy", "d MMMM", "MMMM yyyy", "h:mm tt")
			c.currencySymbol, c.groupSizes = "₹", []int{3, 2}
		}),
		gb.with("en-ZA", func(c *culture) {
			c.dates("yyyy/MM/dd", "dddd, dd MMMM yyyy", "dd MMMM", "MMMM yyyy", "HH:mm")
			c.numbers(",", noBreakSpace, "R", "$n", "-$n")
		}),
	}
}

// continental is what most European cultures share.
func continental() *culture {
	return english()[0].with("", func(c *culture) {
		c.dates("dd/MM/yyyy", "dddd d MMMM yyyy", "d MMMM", "MMMM yyyy", "HH:mm")
		c.numbers(",", ".", "€", "n $", "-n $")
		c.percentPositive, c.percentNegative = "n %", "-n %"
	})
}

func german() []*culture {
	de := continental().with("de-DE", func(c *culture) {
		c.months = twelve("Januar Februar März April Mai Juni Juli August September Oktober November Dezember")
		c.shortMonths = twelve("Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.")
		c.days = seven("Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag")
		c.shortDays = seven("So Mo Di Mi Do Fr Sa")
		c.dates("dd.MM.yyyy", "dddd, d. MMMM yyyy", "d. MMMM", "MMMM yyyy", "HH:mm")
		c.era = "n. Chr."
	})
	return []*culture{
		de,
		de.with("de-AT", func(c *culture) {
			c.months[0], c.shortMonths[0] = "Jänner", "Jän."
			c.numbers(",", noBreakSpace, "€", "$ n", "-$ n")
		}),
		de.with("de-CH", func(c *culture) {
			c.numbers(".", "’", "CHF", "$ n", "$-n")
			c.percentPositive, c.percentNegative = "n%", "-n%"
		}),
		de.with("de-LI", func(c *culture) { c.numbers(".", "’", "CHF", "$ n", "$-n") }),
		de.with("de-LU", func(*culture) {}),
	}
}

func french() []*culture {
	fr := continental().with("fr-FR", func(c *culture) {
		c.months = twelve("janvier février mars avril mai juin juillet août septembre octobre novembre décembre")
		c.shortMonths = twelve("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.")
		c.days = seven("dimanche lundi mardi mercredi jeudi vendredi samedi")
		c.shortDays = seven("dim. lun. mar. mer. jeu. ven. sam.")
		c.groupSeparator, c.era = narrowNoBreakSpace, "ap. J.-C."
	})
	return []*culture{
		fr,
		fr.with("fr-BE", func(c *culture) { c.dates("d/MM/yyyy", c.longDate, c.monthDay, c.yearMonth, c.shortTime) }),
		fr.with("fr-CA", func(c *culture) {
			c.dates("yyyy-MM-dd", "d MMMM yyyy", "d MMMM", "MMMM yyyy", "HH:mm")
			c.longDate = "dddd d MMMM yyyy"
			c.shortMonths[6] = "juill."
			c.numbers(",", noBreakSpace, "$", "n $", "-n $")
			c.am, c.pm = "a.m.", "p.m."
		}),
		fr.with("fr-CH", func(c *culture) {
			c.dates("dd.MM.yyyy", "dddd, d MMMM yyyy", "d MMMM", "MMMM yyyy", "HH:mm")
			c.numbers(",", narrowNoBreakSpace, "CHF", "n $", "-n $")
			c.percentPositive, c.percentNegative = "n%", "-n%"
		}),
		fr.with("fr-LU", func(*culture) {}),
	}
}

func spanish() []*culture {
	es := continental().with("es-ES", func(c *culture) {
		c.months = twelve("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre")
		c.shortMonths = twelve("ene feb mar abr may jun jul ago sept oct nov dic")
		c.days = seven("domingo lunes martes miércoles jueves viernes sábado")
		c.shortDays = seven("dom lun mar mié jue vie sáb")
		c.dates("d/M/yyyy", "dddd, d 'de' MMMM 'de' yyyy", "d 'de' MMMM", "MMMM 'de' yyyy", "H:mm")
		c.am, c.pm, c.era = "a. m.", "p. m.", "d. C."
	})
	return []*culture{
		es,
		es.with("es-MX", func(c *culture) {
			c.dates("dd/MM/yyyy", "dddd, d 'de' MMMM 'de' yyyy", "d 'de' MMMM", "MMMM 'de' yyyy", "HH:mm")
			c.numbers(".", ",", "$", "$n", "-$n")
			c.percentPositive, c.percentNegative = "n%", "-n%"
			c.shortMonths[8] = "sep"
		}),
		es.with("es-AR", func(c *culture) {
			c.dates("d/M/yyyy", "dddd, d 'de' MMMM 'de' yyyy", "d 'de' MMMM", "MMMM 'de' yyyy", "HH:mm")
			c.numbers(",", ".", "$", "$ n", "-$ n")
		}),
		es.with("es-CO", func(c *culture) {
			c.dates("d/MM/yyyy", "dddd, d 'de' MMMM 'de' yyyy", "d 'de' MMMM", "MMMM 'de' yyyy", "h:mm tt")
			c.numbers(",", ".", "$", "$ n", "-$ n")
		}),
		es.with("es-CL", func(c *culture) {
			c.dates("dd-MM-yyyy", "dddd, d 'de' MMMM 'de' yyyy", "d 'de' MMMM", "MMMM 'de' yyyy", "HH:mm")
			c.numbers(",", ".", "$", "$n", "$-n")
			c.currencyDigits = 0
		}),
	}
}

func portuguese() []*culture {
	br := continental().with("pt-BR", func(c *culture) {
		c.months = twelve("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro")
		c.shortMonths = twelve("jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez.")
		c.days = seven("domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado")
		c.shortDays = seven("dom. seg. ter. qua. qui. sex. sáb.")
		c.dates("dd/MM/yyyy", "dddd, d 'de' MMMM 'de' yyyy", "d 'de' MMMM", "MMMM 'de' yyyy", "HH:mm")
		c.numbers(",", ".", "R$", "$ n", "-$ n")
		c.percentPositive, c.percentNegative, c.era = "n%", "-n%", "d.C."
	})
	return []*culture{br, br.with("pt-PT", func(c *culture) {
		c.days = seven("domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado")
		c.shortDays = seven("domingo segunda terça quarta quinta sexta sábado")
		c.am, c.pm = "da manhã", "da tarde"
		c.numbers(",", noBreakSpace, "€", "n $", "-n $")
	})}
}

func italianAndDutch() []*culture {
	it := continental().with("it-IT", func(c *culture) {
		c.months = twelve("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre")
		c.shortMonths = twelve("gen feb mar apr mag giu lug ago set ott nov dic")
		c.days = seven("domenica lunedì martedì mercoledì giovedì venerdì sabato")
		c.shortDays = seven("dom lun mar mer gio ven sab")
		c.percentPositive, c.percentNegative, c.era = "n%", "-n%", "d.C."
	})
	nl := continental().with("nl-NL", func(c *culture) {
		c.months = twelve("januari februari maart april mei juni juli augustus september oktober november december")
		c.shortMonths = twelve("jan feb mrt apr mei jun jul aug sep okt nov dec")
		c.days = seven("zondag maandag dinsdag woensdag donderdag vrijdag zaterdag")
		c.shortDays = seven("zo ma di wo do vr za")
		c.dates("dd-MM-yyyy", "dddd d MMMM yyyy", "d MMMM", "MMMM yyyy", "HH:mm")
		c.numbers(",", ".", "€", "$ n", "$ -n")
		c.percentPositive, c.percentNegative, c.era = "n%", "-n%", "n.Chr."
	})
	return []*culture{
		it, it.with("it-CH", func(c *culture) {
			c.dates("dd.MM.yyyy", "dddd, d MMMM yyyy", "d MMMM", "MMMM yyyy", "HH:mm")
			c.numbers(".", "’", "CHF", "$ n", "$-n")
		}),
		nl, nl.with("nl-BE", func(c *culture) {
			c.dates("d/MM/yyyy", "dddd d MMMM yyyy", "d MMMM", "MMMM yyyy", "HH:mm")
			c.numbers(",", ".", "€", "$ n", "$ -n")
		}),
	}
}
