"""What to do about a file, in Chinese: a pattern for each fix, or part of one, of a reader."""

from __future__ import annotations

FIXES: tuple[tuple[str, str], ...] = (
    (r"nothing, it is not loaded twice", "无需处理，不会重复载入"),
    (r"nothing, this money is counted once", "无需处理，资金只计一次"),
    (r"if another file was meant, ask the sender for it", "若应为另一文件，请向发送方索取"),
    (r"deliver them one by one", "请逐个送达"),
    (
        (
            r"ask for the file as it was before it was joined with itself, or write "
            r'equal_rows = "distinct" for the source if they are different money'
        ),
        '请索取未重复拼接的文件；若确为不同资金，请为该来源写 equal_rows = "distinct"',
    ),
    (
        (
            r"deliver tonight's file and run the night again, or declare allow_empty = true or "
            r'expected = "optional" where a night without new rows is ordinary'
        ),
        (
            "请送达当日文件后重跑当日；若当日没有新行属正常，"
            '请声明 allow_empty = true 或 expected = "optional"'
        ),
    ),
    (r"deliver tonight's file and run the night again", "请送达当日文件后重跑当日"),
    (
        (
            r"put an old file under the name of its own night and run that one, or raise "
            r"stale_days of the source"
        ),
        "旧文件请以其所属日期命名并重跑该日，或提高该来源的 stale_days",
    ),
    (
        (
            r"if it corrects the earlier file, put it under that name and run that night again, or "
            r"raise retold_percent of the source"
        ),
        "若是更正此前的文件，请以该文件名送达并重跑该日，或提高该来源的 retold_percent",
    ),
    (
        r'if equal rows are different money, write equal_rows = "distinct" for the source',
        '若相同的行确为不同资金，请为该来源写 equal_rows = "distinct"',
    ),
    (
        r"(?:it|the file) is held and none of its rows is matched",
        "文件暂停使用，其中任何一行都不参与匹配",
    ),
    (r"ask the sender for a whole file", "请向发送方索取完整文件"),
    (r"keep amounts as text or as integer minor units", "金额请存为文本或以最小货币单位计的整数"),
    (
        r"if no digit of them was lost, write (printf\(.+\) as .+) in (.+)",
        r"若其数字无一丢失，请在 \2 中写 \1",
    ),
    (r"ask the sender for the whole file: it is cut", "文件被截断，请向发送方索取完整文件"),
    (r"the file was cut on its way: ask for it whole", "文件传输中被截断，请索取完整文件"),
    (
        r"if that line belongs to the file, have the sender end it with a line feed",
        "若该行确属文件，请发送方以换行结束",
    ),
    (
        (
            r"correct the source's declaration in the rule file if it describes the file wrongly, "
            r"else ask the sender"
        ),
        "若规则文件对该来源的声明有误请更正，否则请询问发送方",
    ),
    (
        (
            r"have the sender write JSON lines, or rewrite it: (.+) for an array, "
            r"(.+) for objects over several lines"
        ),
        "请发送方按每行一个 JSON 对象提供，或自行改写：数组用 {}，跨行对象用 {}",
    ),
    (
        r"write it as a file \(Feather, (.+)\), or as Parquet",
        "请写成文件（Feather，{}），或写成 Parquet",
    ),
    (r"see the rejects", "查看拒收行"),
    (
        r"leave the second one out, or ask the bank for the file again",
        "请去掉第二份，或向银行重新索取文件",
    ),
    (
        (
            r"correct the source's declaration if it describes the file wrongly, ask the "
            r"sender for a "
            r"whole file, or raise reject_limit_percent"
        ),
        "若来源声明有误请更正，或向发送方索取完整文件，或提高 reject_limit_percent",
    ),
    (
        (
            r'deliver files that do not overlap, or write equal_rows = "distinct" for the '
            r"source if "
            r"they are different money"
        ),
        '请送达互不重叠的文件；若确为不同资金，请为该来源写 equal_rows = "distinct"',
    ),
    (
        (
            r"deliver one of the two \(not a summary beside its details, not an earlier "
            r"state beside a "
            r"later one\), or make them two sources"
        ),
        "只送达其中之一（不要汇总与明细并存，也不要新旧状态并存），或声明为两个来源",
    ),
    (r"leave one of the two sources out", "请去掉两个来源之一"),
    (r"deliver the statement or the report of a day, not both", "同一天只送对账单或报告之一"),
    (
        r"ask the sender for both files again: one of the two was changed on its way",
        "请向发送方重新索取这两个文件：其中之一在途中被改动",
    ),
    (
        r"ask the sender for the digest again, or take that file away",
        "请向发送方重新索取摘要文件，或将其移走",
    ),
    (r"deliver the file of that merchant", "请送达该商户的文件"),
    (
        r"if these rows are right, correct merchant_id of the source or leave it out",
        "若这些行无误，请更正该来源的 merchant_id 或将其去掉",
    ),
    (r"load one of the two on another night", "请将其中之一改在另一日载入"),
    (r"ask the sender what the change means", "请询问发送方变更的含义"),
    (
        (
            r"if it is right, correct the mapping and name the columns in changed_columns "
            r"of the source "
            r'\("\*" for all\)'
        ),
        '若变更无误，请更正映射，并将列名写入该来源的 changed_columns（全部写 "*"）',
    ),
    (r"ask the sender for the file again", "请向发送方重新索取文件"),
    (
        (
            r"set `member` of this source to the name \(or a glob\) of the file to read, or "
            r"deliver one file each"
        ),
        "请将该来源的 `member` 设为要读的文件名（或通配符），或每次只送一个文件",
    ),
    (
        r"ask the sender for the file again, as UTF-8 if they can",
        "请向发送方重新索取文件，最好为 UTF-8",
    ),
    (r"ask for the file again.*", "请重新索取文件"),
    (r"transfer the file again, in binary", "请以二进制方式重新传输"),
    (r"have the file split", "请将文件拆分"),
    (r"download the (?:bill|file|report|archive) again.*", "请重新下载"),
    (
        r"correct the column's name in the rule file, or ask the sender for the column",
        "请更正规则文件中的列名，或向发送方索取该列",
    ),
    (r"declare the file's own format", "请声明文件自身的格式"),
    (r"check which file was delivered, or declare its format", "请核对送达的文件，或声明其格式"),
    (
        r"if the sender changed the file, ask which change was meant",
        "若发送方改了文件，请询问改动的含义",
    ),
    (
        (
            r"correct \[source\.columns\], or list columns that you do not need in "
            r"ignore_columns"
        ),
        "请更正 [source.columns]，或将不需要的列写入 ignore_columns",
    ),
    (
        r"correct \[source\.columns\], or ask the sender for the key",
        "请更正 [source.columns]，或向发送方索取该键",
    ),
    (
        r"correct \[source\.units\]: it names the sender's amount columns",
        "请更正 [source.units]：其中应为发送方的金额列名",
    ),
    (r"a format with units of its own takes none", "自带单位的格式无需声明"),
    (
        r"correct `member` of this source, or ask for the database again",
        "请更正该来源的 member，或重新索取数据库文件",
    ),
    (r"ask for the data as delimited text or Parquet", "请索取分隔文本或 Parquet 格式的数据"),
    (r"it is damaged or cut", "文件已损坏或被截断"),
    (
        r"ask for the file as UTF-8 or GB18030 text, or name the right format",
        "请索取 UTF-8 或 GB18030 文本，或写明正确的格式",
    ),
    (r"ask the bank for the whole file again", "请向银行重新索取完整文件"),
    (r"ask the sender for one file a day or an account", "请发送方每日或每账户各送一个文件"),
    (r"ask the sender for the file again, transferred as binary", "请发送方以二进制方式重新传输"),
    (
        r"an empty day still has a header(?: or a trailer)?",
        "没有交易的日子，文件也应有表头或汇总行",
    ),
    (r"ask the sender what changed", "请询问发送方改了什么"),
    (
        r"list new columns that you do not need in ignore_columns of this source",
        "不需要的新列请写入该来源的 ignore_columns",
    ),
    (
        r"check delimiter, quote and skip_lines of this source",
        "请核对该来源的 delimiter、quote 和 skip_lines",
    ),
    (r"check the sheet and skip_lines of this source", "请核对该来源的工作表与 skip_lines"),
    (
        r"check that this is a ZM file in its original encoding, not converted or trimmed",
        "请核对是否为原编码的 ZM 文件，未经转换或去空格",
    ),
    (
        r"check that this is the detail file of a trade bill, and that it is whole",
        "请核对是否为交易账单的明细文件，且完整",
    ),
    (r"check that this is the file that was meant", "请核对是否为应送的文件"),
    (
        (
            r"if the (?:sender|platform) changed (?:it|its columns), read it as "
            r"`delimited`(?: until the format is extended)?"
        ),
        "若对方改了列，请先按 delimited 读取",
    ),
    (r"check that this is the report that was meant", "请核对是否为应送的报表"),
    (
        r"check that this is the workbook that was meant, and its sheet",
        "请核对是否为应送的工作簿及工作表",
    ),
    (r"check that this is (.+)", "请核对是否为 {0}"),
    (
        r"check the disk or share that the file lies on, and deliver it again",
        "请检查文件所在磁盘或共享目录后重新送达",
    ),
    (r"check the file", "请核对文件"),
    (r"deliver it unpacked if it is right", "若无误，请解压后送达"),
    (
        r"convert the line ends before delivery, for instance with (.+)",
        "请在送达前转换换行符，例如 {0}",
    ),
    (
        r"declare the file's own format, or ask the bank for (.+) in full",
        "请声明文件自身的格式，或向银行索取完整的 {0}",
    ),
    (
        r"delete stray cells below and beside the table, and empty rows between",
        "请删除表格下方和旁边的零散单元格及中间的空行",
    ),
    (r"deliver the database file itself", "请送达数据库文件本身"),
    (r"queries stand in the rule file, as `member`", "查询语句写在规则文件的 member 中"),
    (
        r"deliver the file itself: links, folders and pipes are not read",
        "请送达文件本身：链接、文件夹和管道不读取",
    ),
    (r"export the account again", "请重新导出该账户"),
    (
        r"export the day in parts that have fewer rows, or ask for the file interface",
        "请将当日分成行数更少的几份导出，或申请文件接口",
    ),
    (
        r"export the log as one ASCII message a line, or declare the file's own format",
        "请将日志导出为每行一条 ASCII 报文，或声明文件自身的格式",
    ),
    (
        r"export the report with its standard columns, or map the file as `delimited`",
        "请按标准列导出报表，或按 delimited 映射该文件",
    ),
    (r"format id columns as text before they are filled", "编号列请先设为文本格式再填写"),
    (
        r"to do without the column, list it in ignore_columns of this source",
        "若不需要该列，请写入该来源的 ignore_columns",
    ),
    (
        r"free space, or check permissions and quota, and run again",
        "请腾出空间，或检查权限与配额，然后重跑",
    ),
    (r"nothing was published", "未发布任何内容"),
    (
        r"map the keys, or list those that you do not need in ignore_columns",
        "请映射这些键，或将不需要的写入 ignore_columns",
    ),
    (
        r"name the file's encoding in the source, or ask the sender for the file again",
        "请为该来源写明编码，或向发送方重新索取文件",
    ),
    (r"paste formulas as values before the file is delivered", "送达前请将公式粘贴为数值"),
    (r"run again once the sender has finished", "请待发送方写完后重跑"),
    (r"have it renamed into place when complete", "请对方写完后再改名到位"),
    (
        r"set `member` of this source to the name \(or a glob\) of the file to read",
        "请将该来源的 member 设为要读的文件名（或通配符）",
    ),
    (r"set `member` of this source to the name of the sheet", "请将该来源的 member 设为工作表名"),
    (r'set encoding = "utf-8" for this source', '请为该来源设置 encoding = "utf-8"'),
    (
        r"set the source's encoding to the one the sender uses",
        "请将该来源的 encoding 设为发送方所用的编码",
    ),
    (r"unpack it and deliver what is in it", "请解压后送达其中的文件"),
    (r"unpack the archive, look at it, and deliver the bill itself", "请解压查看后送达账单本身"),
    (
        (
            r"write amounts as decimal\(18, 2\) or as integer minor units, an instant as "
            r"local time \((.+)\), other columns as text"
        ),
        "金额写成 decimal(18, 2) 或整数最小单位，时刻写成当地时间（{0}），其余列写成文本",
    ),
    (
        (r"write amounts as decimal\(18, 2\) or as integer minor units, other columns as " r"text"),
        "金额写成 decimal(18, 2) 或整数最小单位，其余列写成文本",
    ),
    (
        r"write each column as first-last, counted in bytes from 1, both included",
        "每列写成“起-止”，按字节从 1 数起，首尾均含",
    ),
    (
        r'write format = "(.+)" for the source, or deliver the file declared for it',
        '请为该来源写 format = "{0}"，或送达其声明的文件',
    ),
    (
        r"leave the clock and chance out of the query and of the views it reads",
        "查询及其所读视图不得使用时钟或随机数",
    ),
    (r"rows of a day are chosen by a column of the table", "当日的记录请按表中的列筛选"),
    (r"write a SELECT, or one of: (.+)", "请写一条 SELECT，或其中之一：{0}"),
    (r"write one of (.+)", "请写其中之一：{0}"),
    (r"convert other files before delivery", "其他文件请在送达前转换"),
    (
        r"the header is cut by another mark: declare (delimiter = .+) for this source",
        "表头用的是另一种分隔符：请为该来源声明 {0}",
    ),
)
