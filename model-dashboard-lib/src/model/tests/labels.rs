use crate::model::{ContourNames, FieldError, LabelNames, LabelNumber, MAX_LABEL_ERRORS};

fn messages(result: Result<ContourNames, Vec<FieldError>>) -> Vec<String> {
    result
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn shapes_and_order_come_through() {
    let raw = r#"{"1":["kidney","tumor"],"3":"masses","2":["cyst"],"0":[]}"#;
    let names = ContourNames::from_json(raw).unwrap();
    assert_eq!(names.to_json(), raw);
    assert_eq!(names.len(), 4);
    assert_eq!(
        names.get(LabelNumber::new(3)),
        Some(&LabelNames::One("masses".into()))
    );
    assert!(ContourNames::from_json("null").unwrap().is_empty());
}

#[test]
fn entries_that_are_no_labels_are_named() {
    assert_eq!(
        messages(ContourNames::from_json(
            r#"{"a":"x","01":"y","-1":"z","4":5,"5":["a",1],"6":null}"#
        )),
        [
            "contour_names.a: a label number is a whole number from 0 to 4294967295 without leading zeros",
            "contour_names.01: a label number is a whole number from 0 to 4294967295 without leading zeros",
            "contour_names.-1: a label number is a whole number from 0 to 4294967295 without leading zeros",
            "contour_names.4: expected a name or a list of names, found a number",
            "contour_names.5: expected a name or a list of names, found a list that holds something else",
            "contour_names.6: expected a name or a list of names, found null",
        ]
    );
    let error = &ContourNames::from_json("{\"1\":\"a\",\n\"1\":\"b\"}").unwrap_err()[0];
    assert_eq!(
        error.to_string(),
        "contour_names: the key \"1\" appears twice"
    );
    assert_eq!(error.position.unwrap().line, 2);
}

#[test]
fn pasted_lines_are_read_in_the_shapes_that_people_have() {
    let text = "1\tspleen\r\n\n 2 \t kidney_right\tkidney \n3: liver\n4, stomach\n5 left lung\n6 - pancreas\n7 : colon\n";
    let names = ContourNames::from_pasted(text).unwrap();
    assert_eq!(
        names.to_json(),
        r#"{"1":"spleen","2":["kidney_right","kidney"],"3":"liver","4":"stomach","5":"left lung","6":"- pancreas","7":"colon"}"#
    );
    let tabs = "2\tb\tc\n1\ta\n";
    assert_eq!(ContourNames::from_lines(tabs).unwrap().to_lines(), tabs);
}

#[test]
fn pasted_json_is_recognised() {
    let names = ContourNames::from_pasted(" {\"2\": \"b\", \"1\": \"a\"}").unwrap();
    assert_eq!(names.to_json(), r#"{"2":"b","1":"a"}"#);
}

#[test]
fn the_labels_of_nnunet_are_recognised() {
    let read = |text: &str| ContourNames::from_pasted(text).unwrap().to_json();
    let turned = r#"{"0":"background","1":"liver"}"#;
    assert_eq!(
        read(r#"{"labels":{"background":0,"liver":1},"numTraining":5}"#),
        turned
    );
    assert_eq!(read(r#"{"background":0,"liver":1}"#), turned);
    assert_eq!(
        read(r#"{"name":"x","labels":{"0":"background","1":"liver"}}"#),
        turned
    );
    let regions = r#"{"labels":{"background":0,"whole tumor":[1,2,3],"core":[2,3],"enhancing":3,"ignore":4},"regions_class_order":[1,3,2]}"#;
    assert_eq!(
        read(regions),
        r#"{"0":"background","1":"whole tumor","3":"core","2":"enhancing"}"#
    );
    for wrong in [
        r#"{"background":0,"whole":[1,2]}"#,
        r#"{"labels":{"a":1,"b":1}}"#,
        r#"{"a":4294967296}"#,
    ] {
        assert!(ContourNames::from_pasted(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn errors_in_pasted_lines_name_the_line() {
    let errors = ContourNames::from_lines("1\ta\n\nlabel\tname\n1\tb\n4\n").unwrap_err();
    let lines: Vec<usize> = errors
        .iter()
        .map(|error| error.position.unwrap().line)
        .collect();
    assert_eq!(lines, [3, 4, 5]);
    assert_eq!(
        messages(Err(errors))[1..],
        [
            "contour_names: line 4: label 1 appears twice",
            "contour_names: line 5: label 4 needs a name"
        ]
    );
}

#[test]
fn tables_of_other_programs_are_read_where_they_can_mean_one_thing_only() {
    let read = |text: &str| ContourNames::from_pasted(text).map(|names| names.to_json());
    let liver = r#"{"1":"liver","2":"vessel, hepatic"}"#;
    for text in [
        "1\tliver\t#c04040\n2\tvessel, hepatic\t#FFF\n",
        "1,liver\n2,\"vessel, hepatic\"\n",
        "\"1\",\"liver\",\"#c04040\"\n\"2\",\"vessel, hepatic\",\"#c04040\"",
        "1;liver;\n2;vessel, hepatic;\n",
        "\u{feff}Number\tName\tColour\n1\tliver\tred\n2\tvessel, hepatic\tblue",
        "\nlabel,name,r,g,b\n1,liver,255,0,0\n2,\"vessel, hepatic\",0,255,0",
        "Label;ID\nliver;1\nvessel, hepatic;2\n",
    ] {
        assert_eq!(read(text).unwrap(), liver, "{text}");
    }
    let quoted = "1\t\"a \"\"b\"\"\"\t\"12\"\t\"#fff\"\n";
    assert_eq!(read(quoted).unwrap(), r##"{"1":["a \"b\"","12","#fff"]}"##);
    let again = ContourNames::from_lines("1\t\"\"\"b\"\"\"\t\"12\"\t\"#fff\"").unwrap();
    assert_eq!(ContourNames::from_lines(&again.to_lines()).unwrap(), again);
}

#[test]
fn a_table_that_can_mean_several_things_is_refused_with_line_and_reason() {
    for (line, text, part) in [
        (2, "1\tliver\n2\tspleen\t255\t0\t0", "“255” is no name"),
        (
            1,
            "1,vessel, hepatic",
            "3 columns; put a name with “,” in quotation marks",
        ),
        (1, "1\t\"liver", "a quotation mark is not closed"),
        (
            1,
            "1,\"liver\" x",
            "after a closing quotation mark stands “x”",
        ),
        (
            3,
            "number,name\n1,liver\n2,vessel, hepatic",
            "3 columns, where the first line names 2",
        ),
        (1, "colour\tliver\n1\tb", "a label number is"),
    ] {
        let errors = ContourNames::from_pasted(text).unwrap_err();
        assert_eq!(errors[0].position.unwrap().line, line, "{text}");
        assert!(errors[0].message.contains(part), "{}", errors[0].message);
    }
}

#[test]
fn rows_of_a_form_skip_empty_ones_and_name_bad_ones() {
    let rows = [
        ("1", vec!["spleen"]),
        ("", vec![" "]),
        (" 2 ", vec!["a", "", "b"]),
    ];
    let names = ContourNames::from_rows(rows).unwrap();
    assert_eq!(names.to_json(), r#"{"1":"spleen","2":["a","b"]}"#);
    let rows = [
        ("1", vec!["a"]),
        ("x", vec!["b"]),
        ("", vec!["c"]),
        ("1", vec!["d"]),
        ("5", vec![]),
    ];
    let errors = ContourNames::from_rows(rows).unwrap_err();
    let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "contour_names[1]",
            "contour_names[2]",
            "contour_names[3]",
            "contour_names[4]"
        ]
    );
}

#[test]
fn rows_take_the_shape_of_the_labels_they_replace() {
    let earlier = ContourNames::from_json(r#"{"1":["Prostate"],"2":["Zone"]}"#).unwrap();
    let rows = ContourNames::from_rows([("1", ["Prostate"]), ("3", ["New"])]).unwrap();
    assert_eq!(
        rows.in_shape_of(&earlier).to_json(),
        r#"{"1":["Prostate"],"3":["New"]}"#
    );
    let mixed = ContourNames::from_json(r#"{"1":["a"],"2":"b"}"#).unwrap();
    let rows = ContourNames::from_rows([("1", ["a"]), ("2", ["b"]), ("3", ["c"])]).unwrap();
    assert_eq!(
        rows.in_shape_of(&mixed).to_json(),
        r#"{"1":["a"],"2":"b","3":"c"}"#
    );
}

#[test]
fn labels_put_together_by_hand_are_unique() {
    let one = |n| (LabelNumber::new(n), LabelNames::One("x".into()));
    assert_eq!(
        ContourNames::from_labels([one(1), one(2), one(1)]),
        Err(LabelNumber::new(1))
    );
    assert_eq!(
        ContourNames::from_labels([one(2), one(1)]).unwrap().len(),
        2
    );
}

#[test]
fn no_more_errors_are_named_than_a_person_reads() {
    let errors = ContourNames::from_lines(&"x\n".repeat(1000)).unwrap_err();
    assert_eq!(errors.len(), MAX_LABEL_ERRORS + 1);
    assert_eq!(
        errors[MAX_LABEL_ERRORS].message,
        "950 more labels are wrong"
    );
}
