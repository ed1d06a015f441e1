"""One sound row of each shipped form, written by hand, and for each rule the smallest slip that breaks it.

The figures are a small village's and a small township's. They are written here and not drawn from the demo's
magnitudes, which are themselves made to satisfy the rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

Form = tuple[str, str]
Values = Mapping[str, object]


@dataclass(frozen=True)
class Slip:
    """What a clerk typed instead, or what an earlier period holds."""

    typed: Values = field(default_factory=dict)
    previous: Values = field(default_factory=dict)
    year_ago: Values = field(default_factory=dict)
    usual: Values = field(default_factory=dict)
    spread: Values = field(default_factory=dict)


def slip(**typed: object) -> Slip:
    return Slip(typed=typed)


SOUND: Mapping[Form, Values] = MappingProxyType(
    {
        ("village", "month"): {
            "village_registered_households": 380,
            "village_resident_households": 300,
            "village_registered_population": 1500,
            "village_registered_population_male": 780,
            "village_registered_population_female": 720,
            "village_resident_population": 1000,
            "village_absent_population": 560,
            "village_registered_at_home": 900,
            "village_residents_registered_elsewhere": 90,
            "village_absent_population_female": 250,
            "village_labour_force": 820,
            "village_migrant_workers": 300,
            "village_migrant_workers_female": 120,
            "village_migrant_workers_in_county": 30,
            "village_migrant_workers_in_province": 60,
            "village_migrant_workers_out_of_province": 180,
            "village_migrant_workers_abroad": 1,
            "village_short_term_migrant_workers": 25,
            "village_local_workers": 70,
            "village_returned_workers": 4,
            "village_returned_jobless": 9,
            "village_returned_entrepreneurs": 6,
            "village_public_welfare_workers": 12,
            "village_migrant_households": 210,
            "village_migrant_monthly_income": "4650.00",
            "village_migration_channel": "2",
            "village_migration_sector": "2",
            "village_migration_destination": "广东省东莞市",
            "village_unstable_households": 8,
            "village_unstable_persons": 26,
            "village_marginal_households": 5,
            "village_marginal_persons": 17,
            "village_severe_difficulty_households": 2,
            "village_severe_difficulty_persons": 7,
            "village_monitored_workers": 20,
            "village_risk_removed_households": 14,
            "village_risk_removed_persons": 50,
            "village_relieved_households": 90,
            "village_relieved_population": 350,
            "village_relieved_workers": 140,
            "village_relieved_workers_in_county": 40,
            "village_relieved_workers_in_province": 25,
            "village_relieved_workers_out_of_province": 70,
            "village_has_employment_workshop": True,
            "village_workshop_workers": 24,
            "village_monitoring_visited_on": "2026-09-12",
            "village_minimum_living_households": 30,
            "village_minimum_living_persons": 55,
            "village_minimum_living_base_amount": "17600.00",
            "village_minimum_living_category_amount": "1200.00",
            "village_destitute_centralised": 1,
            "village_destitute_dispersed": 5,
            "village_destitute_households": 5,
            "village_temporary_aid_households": 2,
            "village_left_behind_children": 40,
            "village_left_behind_women": 45,
            "village_left_behind_elderly": 70,
            "village_disabled_persons": 35,
            "village_severely_disabled_persons": 14,
            "village_disability_living_subsidy_persons": 13,
            "village_disability_care_subsidy_persons": 13,
        },
        ("village", "quarter"): {
            "village_left_behind_children_0_to_5": 12,
            "village_left_behind_boys_0_to_5": 7,
            "village_left_behind_girls_0_to_5": 5,
            "village_left_behind_children_6_to_13": 20,
            "village_left_behind_boys_6_to_13": 9,
            "village_left_behind_girls_6_to_13": 11,
            "village_left_behind_children_14_to_15": 8,
            "village_left_behind_boys_14_to_15": 4,
            "village_left_behind_girls_14_to_15": 4,
            "village_left_behind_children_both_parents_away": 31,
            "village_left_behind_children_one_parent_away": 9,
            "village_left_behind_children_with_grandparents": 33,
            "village_left_behind_children_with_relatives": 6,
            "village_left_behind_children_without_caregiver": 1,
            "village_left_behind_children_guardianship_good": 28,
            "village_left_behind_children_guardianship_fair": 10,
            "village_left_behind_children_guardianship_poor": 2,
            "village_left_behind_children_at_school": 27,
            "village_left_behind_children_out_of_school": 1,
            "village_unattended_children": 1,
            "village_training_participants": 15,
            "village_training_certified_persons": 9,
            "village_training_demand": 22,
            "village_intending_migrants": 11,
            "village_main_monitoring_risk": "01",
            "village_main_assistance_cause": "03",
        },
        ("village", "half_year"): {
            "village_left_behind_children_cross_county": 24,
            "village_children_with_parent_away": 95,
            "village_migrant_children": 6,
            "village_transferred_land_area": "420.50",
            "village_land_leasing_households": 80,
        },
        ("village", "year"): {
            "village_population_16_and_over": 1230,
            "village_labour_force_with_overage": 930,
            "village_labour_force_women_to_50": 790,
            "village_labour_force_18_to_60": 800,
            "village_labour_force_farming": 200,
            "village_labour_force_away": 290,
            "village_labour_force_unable": 30,
            "village_migrant_workers_any_length": 400,
            "village_migrant_workers_three_months": 350,
            "village_perennial_migrants": 310,
            "village_perennial_migrants_in_county": 30,
            "village_perennial_migrants_in_province": 100,
            "village_perennial_migrants_out_of_province": 210,
            "village_stable_migrant_workers": 220,
            "village_workers_of_last_year": 460,
            "village_net_income_per_head": "1.4826",
            "village_relieved_wage_income": "320.50",
            "village_relieved_business_income": "60.25",
            "village_relieved_property_income": "5.10",
            "village_relieved_transfer_income": "44.15",
            "village_relieved_gross_income": "430.00",
            "village_relieved_production_cost": "22.00",
            "village_minimum_living_income_per_head": "5820.00",
            "village_collective_income": "18.60",
            "village_collective_operating_income": "9.40",
            "village_natural_villages": 6,
            "village_hamlets_with_paved_road": 5,
            "village_has_passenger_bus": True,
            "village_arable_area": "1650.00",
            "village_irrigated_area": "720.00",
            "village_clinics": 1,
            "village_unsafe_water_households": 0,
            "village_dilapidated_households": 1,
            "village_pension_insured_persons": 890,
            "village_trained_persons": 30,
        },
        ("township", "month"): {
            "township_minimum_living_applications": 6,
            "township_minimum_living_expenditure": "35.20",
            "township_urban_minimum_living_households": 40,
            "township_urban_minimum_living_persons": 66,
            "township_urban_minimum_living_expenditure": "3.40",
            "township_destitute_expenditure": "9.80",
            "township_temporary_aid_person_times": 12,
            "township_temporary_aid_amount": "2.40",
            "township_unemployed_persons": 60,
            "township_returned_graduates": 15,
            "township_monitoring_clues": 9,
            "township_monitored_households_identified": 3,
        },
        ("township", "quarter"): {
            "township_minimum_living_standard": 460,
            "township_minimum_living_expenditure_to_date": "104.30",
            "township_temporary_aid_person_times_to_date": 38,
            "township_orphans_centralised": 1,
            "township_orphans_dispersed": 3,
            "township_children_in_poor_families": 18,
            "township_children_with_disability": 7,
            "township_reemployed_persons": 14,
            "township_hard_to_employ_placed": 5,
        },
        ("township", "year"): {
            "township_elderly_homes": 1,
            "township_elderly_home_beds": 40,
            "township_elderly_home_residents": 27,
            "township_employment_workshops": 3,
            "township_workshop_workers": 75,
            "township_workshop_relieved_workers": 31,
        },
    }
)

VILLAGE_MONTH: Mapping[str, Slip] = MappingProxyType(
    {
        "village_population_by_sex": slip(village_registered_population_male=781),
        "village_households_within_population": slip(village_registered_households=1501),
        "village_absent_within_registered": slip(village_absent_population=1501),
        "village_residents_cover_those_at_home": slip(village_resident_population=939),
        "village_residents_plausible": slip(village_resident_population=3051),
        "village_population_change": Slip(previous={"village_registered_population": 1091}),
        "village_population_unusual": Slip(usual={"village_registered_population": 1385}),
        "village_labour_force_within_population": slip(village_labour_force=1501),
        "village_migrants_within_population": slip(village_migrant_workers=1501),
        "village_migrants_within_labour_force": slip(village_migrant_workers=821),
        "village_migrants_within_absent": slip(village_migrant_workers=561),
        "village_migrants_jump": Slip(previous={"village_migrant_workers": 66}),
        "village_migrants_female_within_total": slip(village_migrant_workers_female=301),
        "village_migrants_by_place": slip(village_migrant_workers_in_province=91),
        "village_migrants_abroad_within_out_of_province": slip(village_migrant_workers_abroad=181),
        "village_migrant_households_within_households": slip(village_migrant_households=381),
        "village_migrant_households_within_migrants": slip(village_migrant_households=301),
        "village_local_and_short_term_within_labour": slip(village_local_workers=1476),
        "village_returned_within_previous": slip(village_returned_workers=326),
        "village_migrant_income_plausible": slip(village_migrant_monthly_income="55800.00"),
        "village_unstable_households_and_persons": slip(village_unstable_households=27),
        "village_marginal_households_and_persons": slip(village_marginal_households=0),
        "village_severe_difficulty_households_and_persons": slip(village_severe_difficulty_households=8),
        "village_monitored_within_households": slip(village_unstable_households=374),
        "village_monitored_within_population": slip(village_unstable_persons=1477),
        "village_unstable_households_jump": Slip(previous={"village_unstable_households": 27}),
        "village_relieved_within_population": slip(village_relieved_population=1501),
        "village_relieved_year_ago": Slip(year_ago={"village_relieved_population": 283}),
        "village_relieved_workers_within_relieved": slip(village_relieved_workers=351),
        "village_minimum_living_households_within_persons": slip(village_minimum_living_households=56),
        "village_minimum_living_within_households": slip(village_minimum_living_households=381),
        "village_assisted_within_population": slip(village_minimum_living_persons=1495),
        "village_minimum_living_jump": Slip(previous={"village_minimum_living_persons": 34}),
        "village_minimum_living_year_ago": Slip(year_ago={"village_minimum_living_persons": 29}),
        "village_left_behind_within_population": slip(village_left_behind_elderly=1416),
        "village_left_behind_women_within_female": slip(village_left_behind_women=721),
        "village_left_behind_children_need_absence": slip(village_absent_population=0),
        "village_left_behind_children_jump": Slip(previous={"village_left_behind_children": 19}),
        "village_disabled_within_population": slip(village_disabled_persons=1501),
        "village_at_home_and_absent_within_registered": slip(village_registered_at_home=941),
        "village_residents_within_present": slip(village_registered_at_home=879),
        "village_resident_households_within_residents": slip(village_resident_households=0),
        "village_absent_female_within_absent": slip(village_absent_population_female=561),
        "village_absent_female_within_female": slip(village_absent_population_female=721),
        "village_absent_male_within_male": slip(village_absent_population=1031),
        "village_residents_unchanged": Slip(spread={"village_resident_population": 0}),
        "village_absent_against_migrants": slip(village_migrant_workers=114),
        "village_at_work_or_returned_within_population": slip(village_returned_jobless=1400),
        "village_returned_jobless_within_labour_force": slip(village_returned_jobless=821),
        "village_returned_jobless_jump": slip(village_returned_jobless=78),
        "village_public_welfare_within_local_workers": slip(village_public_welfare_workers=71),
        "village_relieved_households_and_persons": slip(village_relieved_households=351),
        "village_relieved_within_households": slip(village_relieved_households=381),
        "village_relieved_workers_by_place": slip(village_relieved_workers_in_county=46),
        "village_monitored_workers_within_monitored": slip(village_monitored_workers=51),
        "village_risk_removed_households_and_persons": slip(village_risk_removed_households=51),
        "village_ever_monitored_within_households": slip(village_risk_removed_households=366),
        "village_risk_removed_grows": Slip(previous={"village_risk_removed_households": 20}),
        "village_minimum_living_households_need_persons": slip(village_minimum_living_households=0),
        "village_minimum_living_amount_needs_persons": slip(village_minimum_living_persons=0),
        "village_minimum_living_amount_per_head": slip(village_minimum_living_base_amount="1.76"),
        "village_minimum_living_category_within_base": slip(village_minimum_living_category_amount="17600.01"),
        "village_minimum_living_amount_unusual": Slip(usual={"village_minimum_living_base_amount": "8000.00"}),
        "village_destitute_households_and_persons": slip(village_destitute_households=7),
        "village_temporary_aid_within_households": slip(village_temporary_aid_households=381),
        "village_severely_disabled_within_disabled": slip(village_severely_disabled_persons=36),
        "village_living_subsidy_within_disabled": slip(village_disability_living_subsidy_persons=36),
        "village_care_subsidy_within_severely_disabled": slip(village_disability_care_subsidy_persons=15),
    }
)

VILLAGE_QUARTER: Mapping[str, Slip] = MappingProxyType(
    {
        "village_left_behind_children_by_reason": slip(village_left_behind_children_one_parent_away=10),
        "village_unattended_children_plausible": slip(village_unattended_children=21),
        "village_training_jump": Slip(
            typed={"village_training_participants": 60}, previous={"village_training_participants": 2}
        ),
        "village_left_behind_children_0_to_5_by_sex": slip(village_left_behind_boys_0_to_5=6),
        "village_left_behind_children_6_to_13_by_sex": slip(village_left_behind_girls_6_to_13=12),
        "village_left_behind_children_14_to_15_by_sex": slip(village_left_behind_boys_14_to_15=3),
        "village_left_behind_children_by_carer": slip(village_left_behind_children_with_relatives=7),
        "village_left_behind_children_by_guardianship": slip(village_left_behind_children_guardianship_fair=9),
        "village_left_behind_children_of_school_age": slip(village_left_behind_children_at_school=26),
        "village_left_behind_children_without_carer_poor": slip(village_left_behind_children_guardianship_poor=0),
        "village_left_behind_children_out_of_school_plausible": slip(village_left_behind_children_out_of_school=4),
        "village_left_behind_children_quarter_jump": Slip(
            previous={
                "village_left_behind_children_0_to_5": 5,
                "village_left_behind_children_6_to_13": 10,
                "village_left_behind_children_14_to_15": 4,
            }
        ),
        "village_training_certified_within_participants": slip(village_training_certified_persons=16),
        "village_intending_migrants_plausible": slip(village_intending_migrants=84),
    }
)

VILLAGE_HALF_YEAR: Mapping[str, Slip] = MappingProxyType(
    {
        "village_cross_county_children_within_parent_away": slip(village_left_behind_children_cross_county=96),
        "village_children_with_parent_away_jump": Slip(previous={"village_children_with_parent_away": 49}),
        "village_land_leasing_households_and_area": slip(village_land_leasing_households=0),
        "village_transferred_land_per_household": slip(village_transferred_land_area="4000.01"),
    }
)

VILLAGE_YEAR: Mapping[str, Slip] = MappingProxyType(
    {
        "village_labour_force_parts": slip(village_labour_force_farming=481),
        "village_net_income_unit": slip(village_net_income_per_head="14.8260"),
        "village_labour_force_overage_within_adults": slip(village_labour_force_with_overage=1231),
        "village_labour_force_18_within_adults": slip(village_labour_force_18_to_60=1231),
        "village_labour_force_to_50_within_adults": slip(village_labour_force_women_to_50=1231),
        "village_migrants_three_months_within_labour_force": slip(village_migrant_workers_three_months=931),
        "village_perennial_migrants_by_place": slip(village_perennial_migrants_out_of_province=209),
        "village_perennial_migrants_county_within_province": slip(village_perennial_migrants_in_county=101),
        "village_stable_within_perennial": slip(village_stable_migrant_workers=311),
        "village_perennial_within_three_months": slip(village_migrant_workers_three_months=309),
        "village_three_months_within_any_length": slip(village_migrant_workers_any_length=349),
        "village_any_length_within_adults": slip(village_migrant_workers_any_length=1231),
        "village_workers_of_last_year_within_adults": slip(village_workers_of_last_year=1231),
        "village_away_at_year_end_within_any_length": slip(village_labour_force_away=401),
        "village_relieved_income_parts": slip(village_relieved_gross_income="430.01"),
        "village_relieved_cost_within_gross": slip(village_relieved_production_cost="430.01"),
        "village_relieved_cost_within_business": slip(village_relieved_production_cost="60.26"),
        "village_relieved_wage_income_change": Slip(previous={"village_relieved_wage_income": "146.90"}),
        "village_minimum_living_income_below_village": slip(village_minimum_living_income_per_head="14826.01"),
        "village_collective_operating_within_income": slip(village_collective_operating_income="18.61"),
        "village_collective_income_change": slip(village_collective_income="105.81"),
        "village_irrigated_within_arable": slip(village_irrigated_area="1650.01"),
        "village_arable_area_change": Slip(previous={"village_arable_area": "1366.00"}),
        "village_paved_hamlets_within_hamlets": slip(village_hamlets_with_paved_road=7),
        "village_pension_insured_within_adults": slip(village_pension_insured_persons=1231),
        "village_trained_within_labour_force": slip(village_trained_persons=931),
    }
)

TOWNSHIP_MONTH: Mapping[str, Slip] = MappingProxyType(
    {
        "township_temporary_aid_amount_needs_persons": slip(township_temporary_aid_person_times=0),
        "township_temporary_aid_per_time": slip(township_temporary_aid_amount="60.01"),
        "township_minimum_living_expenditure_jump": Slip(previous={"township_minimum_living_expenditure": "10.00"}),
        "township_minimum_living_expenditure_unusual": Slip(usual={"township_minimum_living_expenditure": "6.00"}),
        "township_monitored_identified_within_clues": slip(township_monitored_households_identified=29),
        "township_urban_minimum_living_households_and_persons": slip(township_urban_minimum_living_households=67),
        "township_urban_minimum_living_expenditure_needs_persons": slip(
            township_urban_minimum_living_persons=0, township_urban_minimum_living_households=0
        ),
        "township_urban_minimum_living_per_head": slip(township_urban_minimum_living_expenditure="13.71"),
        "township_destitute_expenditure_jump": slip(township_destitute_expenditure="49.61"),
    }
)

TOWNSHIP_QUARTER: Mapping[str, Slip] = MappingProxyType(
    {
        "township_minimum_living_standard_unit": slip(township_minimum_living_standard=2001),
        "township_minimum_living_standard_never_falls": slip(township_minimum_living_standard=459),
        "township_minimum_living_expenditure_to_date_unusual": slip(
            township_minimum_living_expenditure_to_date="621.51"
        ),
        "township_temporary_aid_to_date_year_ago": slip(township_temporary_aid_person_times_to_date=353),
        "township_orphans_plausible": slip(township_orphans_dispersed=60),
        "township_distressed_children_year_ago": slip(township_children_in_poor_families=94),
        "township_hard_to_employ_within_reemployed": slip(township_hard_to_employ_placed=65),
    }
)

TOWNSHIP_YEAR: Mapping[str, Slip] = MappingProxyType(
    {
        "township_elderly_homes_and_beds": slip(township_elderly_homes=0),
        "township_elderly_home_residents_within_beds": slip(township_elderly_home_residents=41),
        "township_workshops_need_workers": slip(township_employment_workshops=0),
        "township_workshop_relieved_within_workers": slip(township_workshop_relieved_workers=76),
        "township_workshop_workers_change": Slip(previous={"township_workshop_workers": 16}),
    }
)

SLIPS: Mapping[Form, Mapping[str, Slip]] = MappingProxyType(
    {
        ("village", "month"): VILLAGE_MONTH,
        ("village", "quarter"): VILLAGE_QUARTER,
        ("village", "half_year"): VILLAGE_HALF_YEAR,
        ("village", "year"): VILLAGE_YEAR,
        ("township", "month"): TOWNSHIP_MONTH,
        ("township", "quarter"): TOWNSHIP_QUARTER,
        ("township", "year"): TOWNSHIP_YEAR,
    }
)
