package expr

func nordic() []*culture {
	sv := continental().with("sv-SE", func(c *culture) {
		c.months = twelve("januari februari mars april maj juni juli augusti september oktober november december")
		c.shortMonths = twelve("jan. feb. mars apr. maj juni juli aug. sep. okt. nov. dec.")
		c.days = seven("söndag måndag tisdag onsdag torsdag fredag lördag")
		c.shortDays = seven("sön mån tis ons tors fre lör")
		c.dates("yyyy-MM-dd", "dddd d MMMM yyyy", "d MMMM", "MMMM yyyy", "HH:mm")
		c.am, c.pm, c.era = "fm", "em", "e.Kr."
		c.numbers(",", noBreakSpace, "kr", "n $", "-n $")
		c.negativeSign = "−"
	})
	da := continental().with("da-DK", func(c *culture) {
		c.months = twelve("januar februar marts april maj juni juli august september oktober november december")
		c.shortMonths = twelve("jan. feb. mar. apr. maj jun. jul. aug. sep. okt. nov. dec.")
		c.days = seven("søndag mandag tirsdag onsdag torsdag fredag lørdag")
		c.shortDays = seven("søn. man. tirs. ons. tors. fre. lør.")
		c.dates("dd.MM.yyyy", "dddd 'den' d. MMMM yyyy", "d. MMMM", "MMMM yyyy", "HH.mm")
		c.currencySymbol, c.era = "kr.", "e.Kr."
	})
	nb := continental().with("nb-NO", func(c *culture) {
		c.months = twelve("januar februar mars april mai juni juli august september oktober november desember")
		c.shortMonths = twelve("jan. feb. mars apr. mai juni juli aug. sep. okt. nov. des.")
		c.days = seven("søndag mandag tirsdag onsdag torsdag fredag lørdag")
		c.shortDays = seven("søn. man. tir. ons. tor. fre. lør.")
		c.dates("dd.MM.yyyy", "dddd d. MMMM yyyy", "d. MMMM", "MMMM yyyy", "HH:mm")
		c.am, c.pm, c.era = "a.m.", "p.m.", "e.Kr."
		c.numbers(",", noBreakSpace, "kr", "n $", "-n $")
		c.negativeSign = "−"
	})
	fi := continental().with("fi-FI", func(c *culture) {
		c.months = twelve("tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu marraskuu joulukuu")
		genitive := c.months
		for i := range genitive {
			genitive[i] += "ta"
		}
		c.genitive = &genitive
		c.shortMonths = twelve("tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu")
		c.days = seven("sunnuntai maanantai tiistai keskiviikko torstai perjantai lauantai")
		c.shortDays = seven("su ma ti ke to pe la")
		c.dates("d.M.yyyy", "dddd d. MMMM yyyy", "d. MMMM", "MMMM yyyy", "H.mm")
		c.am, c.pm, c.era = "ap.", "ip.", "jKr."
		c.numbers(",", noBreakSpace, "€", "n $", "-n $")
		c.negativeSign = "−"
	})
	is := continental().with("is-IS", func(c *culture) {
		c.months = twelve("janúar febrúar mars apríl maí júní júlí ágúst september október nóvember desember")
		c.shortMonths = twelve("jan. feb. mar. apr. maí jún. júl. ágú. sep. okt. nóv. des.")
		c.days = seven("sunnudagur mánudagur þriðjudagur miðvikudagur fimmtudagur föstudagur laugardagur")
		c.shortDays = seven("sun. mán. þri. mið. fim. fös. lau.")
		c.dates("d.M.yyyy", "dddd, d. MMMM yyyy", "d. MMMM", "MMMM yyyy", "HH:mm")
		c.am, c.pm, c.era = "f.h.", "e.h.", "e.Kr."
		c.currencySymbol, c.currencyDigits = "kr", 0
		c.percentPositive, c.percentNegative = "n%", "-n%"
	})
	return []*culture{sv, da, nb, nb.with("no", func(*culture) {}), fi, is}
}

func slavic() []*culture {
	pl := continental().with("pl-PL", func(c *culture) {
		c.months = twelve("styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień")
		genitive := twelve("stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia")
		c.genitive = &genitive
		c.shortMonths = twelve("sty lut mar kwi maj cze lip sie wrz paź lis gru")
		c.days = seven("niedziela poniedziałek wtorek środa czwartek piątek sobota")
		c.shortDays = seven("niedz. pon. wt. śr. czw. pt. sob.")
		c.dates("d.MM.yyyy", "dddd, d MMMM yyyy", "d MMMM", "MMMM yyyy", "HH:mm")
		c.numbers(",", noBreakSpace, "zł", "n $", "-n $")
		c.percentPositive, c.percentNegative, c.era = "n%", "-n%", "n.e."
	})
	cs := continental().with("cs-CZ", func(c *culture) {
		c.months = twelve("leden únor březen duben květen červen červenec srpen září říjen listopad prosinec")
		genitive := twelve("ledna února března dubna května června července srpna září října listopadu prosince")
		c.genitive = &genitive
		c.shortMonths = twelve("led úno bře dub kvě čvn čvc srp zář říj lis pro")
		c.days = seven("neděle pondělí úterý středa čtvrtek pátek sobota")
		c.shortDays = seven("ne po út st čt pá so")
		c.dates("dd.MM.yyyy", "dddd d. MMMM yyyy", "d. MMMM", "MMMM yyyy", "H:mm")
		c.am, c.pm, c.era = "dop.", "odp.", "n. l."
		c.numbers(",", noBreakSpace, "Kč", "n $", "-n $")
	})
	ru := continental().with("ru-RU", func(c *culture) {
		c.months = twelve("январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь")
		genitive := twelve("января февраля марта апреля мая июня июля августа сентября октября ноября декабря")
		c.genitive = &genitive
		c.shortMonths = twelve("янв. февр. март апр. май июнь июль авг. сент. окт. нояб. дек.")
		c.days = seven("воскресенье понедельник вторник среда четверг пятница суббота")
		c.shortDays = seven("вс пн вт ср чт пт сб")
		c.dates("dd.MM.yyyy", "dddd, d MMMM yyyy 'г'.", "d MMMM", "MMMM yyyy 'г'.", "HH:mm")
		c.numbers(",", noBreakSpace, "₽", "n $", "-n $")
		c.era = "н. э."
	})
	return []*culture{pl, cs, ru}
}

func turkish() []*culture {
	return []*culture{continental().with("tr-TR", func(c *culture) {
		c.months = twelve("Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık")
		c.shortMonths = twelve("Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara")
		c.days = seven("Pazar Pazartesi Salı Çarşamba Perşembe Cuma Cumartesi")
		c.shortDays = seven("Paz Pzt Sal Çar Per Cum Cmt")
		c.dates("d.MM.yyyy", "d MMMM yyyy dddd", "d MMMM", "MMMM yyyy", "HH:mm")
		c.am, c.pm, c.era = "ÖÖ", "ÖS", "MS"
		c.numbers(",", ".", "₺", "$n", "-$n")
		c.percentPositive, c.percentNegative = "%n", "-%n"
	})}
}

func eastAsian() []*culture {
	us := english()[0]
	ja := us.with("ja-JP", func(c *culture) {
		c.months = twelve("1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月")
		c.shortMonths = c.months
		c.days = seven("日曜日 月曜日 火曜日 水曜日 木曜日 金曜日 土曜日")
		c.shortDays = seven("日 月 火 水 木 金 土")
		c.dates("yyyy/MM/dd", "yyyy年M月d日dddd", "M月d日", "yyyy年M月", "H:mm")
		c.am, c.pm, c.era = "午前", "午後", "西暦"
		c.currencySymbol, c.currencyDigits = "¥", 0
	})
	zh := us.with("zh-CN", func(c *culture) {
		c.months = twelve("一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月")
		c.shortMonths = twelve("1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月")
		c.days = seven("星期日 星期一 星期二 星期三 星期四 星期五 星期六")
		c.shortDays = seven("周日 周一 周二 周三 周四 周五 周六")
		c.dates("yyyy/M/d", "yyyy年M月d日dddd", "M月d日", "yyyy年M月", "HH:mm")
		c.am, c.pm, c.era = "上午", "下午", "公元"
		c.currencySymbol = "¥"
	})
	ko := us.with("ko-KR", func(c *culture) {
		c.months = twelve("1월 2월 3월 4월 5월 6월 7월 8월 9월 10월 11월 12월")
		c.shortMonths = c.months
		c.days = seven("일요일 월요일 화요일 수요일 목요일 금요일 토요일")
		c.shortDays = seven("일 월 화 수 목 금 토")
		c.dates("yyyy. M. d.", "yyyy년 M월 d일 dddd", "M월 d일", "yyyy년 M월", "tt h:mm")
		c.am, c.pm, c.era = "오전", "오후", "AD"
		c.currencySymbol, c.currencyDigits = "₩", 0
	})
	return []*culture{ja, zh, ko}
}
