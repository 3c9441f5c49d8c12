"""What the bare install does not have is not asked for before it is needed."""

import subprocess
import sys


def test_xpath_is_loaded_with_the_first_xml_file() -> None:
    program = (
        "import sys, fairlead.formats.project, fairlead.formats.configuration, fairlead.cli.app\n"
        "from fairlead.formats.structured.files import replace_in_file\n"
        "from fairlead.domain.template.variables import Variables\n"
        "replace_in_file('a.yml', b'a: 1', Variables({'a': '2'}))\n"
        "assert 'elementpath' not in sys.modules\n"
        "replace_in_file('a.xml', b'<a/>', Variables({'/a': '2'}))\n"
        "assert 'elementpath' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
