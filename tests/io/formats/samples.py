# ruff: noqa: E501  a line of a sample is a line of a file, in the sender's own signs
"""One small file of our own for every registered format: what each test of all formats reads."""

from __future__ import annotations

import io
import json
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from recon.io.formats.contract import Options
from tests.io.formats import test_acquirer_clearing as acquirer
from tests.io.formats import (
    test_adyen,
    test_alipay_account,
    test_alipay_totals,
    test_alipay_trade,
    test_bai2,
    test_braintree_ingenico,
    test_camt052_camt054,
    test_camt053,
    test_cn_bank_settlement,
    test_cn_bank_statements,
    test_cn_card_statements,
    test_cn_regional_settlement,
    test_cn_reports,
    test_coda,
    test_iso8583_log,
    test_lakala,
    test_mastercard_ipm,
    test_mt940,
    test_mt942,
    test_norma43,
    test_ofx,
    test_old_workbook,
    test_paypal_report,
    test_paypal_subscriptions,
    test_personal_bills,
    test_provider_tables,
    test_settlement_bob,
    test_stripe_report,
    test_trustly_dlocal,
    test_ums_export,
    test_unionpay_acom,
    test_unionpay_zm,
    test_visa_ctf,
    test_wechat_fund,
    test_wechat_trade,
)
from tests.io.formats.old_workbook_file import old_workbook

MAPPED = Options(columns={"order_id": "id", "amount": "amt", "occurred_at": "at"})
AT = "2026-11-20 10:00:00"


PLAIN = Options()
INGENICO = """<?xml version="1.0"?>
<report xmlns="http://wx.v8_0.globalcollect.com/">
<DataRecord><OrderID>0000012345</OrderID><MerchantID>0000012</MerchantID>
<PaymentData><Recordcategory>X</Recordcategory><Recordtype>ON</Recordtype><AdditionalReference>O1</AdditionalReference>
<AmountDelivered>6050</AmountDelivered><CurrencyDelivered>EUR</CurrencyDelivered><TransactionDateTime>2026-01-15T10:00:00</TransactionDateTime></PaymentData></DataRecord>
<DataRecord><OrderID>0000012346</OrderID><MerchantID>0000012</MerchantID>
<PaymentData><Recordcategory>-</Recordcategory><Recordtype>CR</Recordtype><AdditionalReference>O1</AdditionalReference>
<AmountDelivered>-1000</AmountDelivered><CurrencyDelivered>EUR</CurrencyDelivered><TransactionDateTime>2026-01-15T11:00:00</TransactionDateTime></PaymentData></DataRecord>
<Trailer><NumberOfRecords>2</NumberOfRecords></Trailer>
</report>
"""


@dataclass(frozen=True)
class Sample:
    """A good file: its bytes, how it is declared, and how many rows it has."""

    raw: bytes
    rows: int
    options: Options = PLAIN


def text(*lines: str, encoding: str = "utf-8") -> bytes:
    """Return lines as a file."""
    return ("\n".join(lines) + "\n").encode(encoding)


def chinese(*lines: str) -> bytes:
    """Return lines as a GB18030 file."""
    return text(*lines, encoding="gb18030")


def table() -> pa.Table:
    """Return two orders as a table."""
    return pa.table(
        {"id": ["A", "B"], "amt": [Decimal("1.10"), Decimal("-0.05")], "at": [AT, AT]},
        schema=pa.schema([("id", pa.string()), ("amt", pa.decimal128(18, 2)), ("at", pa.string())]),
    )


def parquet() -> bytes:
    """Return the table as Parquet."""
    out = io.BytesIO()
    pq.write_table(table(), out)
    return out.getvalue()


def arrow() -> bytes:
    """Return the table as an Arrow IPC file."""
    out = io.BytesIO()
    with pa.ipc.new_file(out, table().schema) as file:
        file.write_table(table())
    return out.getvalue()


def database() -> bytes:
    """Return the table inside a DuckDB database."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.db"
        with duckdb.connect(path) as connection:
            connection.execute('create table paid (id varchar, amt decimal(18, 2), "at" varchar)')
            rows = [("A", "1.10", AT), ("B", "-0.05", AT)]
            connection.executemany("insert into paid values (?, ?, ?)", rows)
        return path.read_bytes()


def workbook(rows: list[list[object]]) -> bytes:
    """Return rows as a workbook."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    for number, cells in enumerate(rows):
        sheet.write_row(number, 0, cells)
    book.close()
    return out.getvalue()


def generic() -> dict[str, Sample]:
    """Return the samples of formats that are read by declared mapping."""
    rows = [["id", "amt", "at"], ["A", 1.1, AT], ["B", "-0.05", AT]]
    ranges = Options(columns={"order_id": "1-4", "amount": "5-9"})
    query = Options(columns=MAPPED.columns, member="paid")
    return {
        "delimited": Sample(text("id,amt,at", f"A,1.00,{AT}", f'"B",2.00,{AT}'), 2, MAPPED),
        "fixed_width": Sample(text("A001 1.00", "A002 2.00"), 2, ranges),
        "json_lines": Sample(
            text(*(json.dumps({"id": i, "amt": "1.00", "at": AT}) for i in "AB")), 2, MAPPED
        ),
        "parquet": Sample(parquet(), 2, MAPPED),
        "arrow": Sample(arrow(), 2, MAPPED),
        "query": Sample(database(), 2, query),
        "xlsx": Sample(workbook(rows), 2, MAPPED),
    }


def wallets() -> dict[str, Sample]:
    """Return the samples of Chinese wallets, UnionPay and acquirers."""
    ums, zm = test_ums_export, test_unionpay_zm
    cells = ums.SALE.split("\t")
    page = "\t".join(
        [*cells[:3], cells[4], cells[3], *cells[5:14], "", "", "", cells[4], *[""] * 3]
    )
    error = zm.line(f1="E32", f20="01")
    files = {
        "js": "M1|20261120|103000|T1|L1|10000|60|9940|20261121|1",
        "jz": "M1|20261120|微信|10000|60|9940",
        "acc": "M1|A1|20261120|10000|60|9940",
        "dw": "M1|20261120|W1|9940|0|1",
        "d0": "M1|20261120|L1|10000|60|20",
        "sep": "M1|20261120|L1|10000|3000|30%",
        "jy_fq": "M1|20261120|L1|12000|12|1000",
    }
    columns = {file.code.lower(): "|".join(file.columns) for file in test_lakala.FILES}
    clearing = "20270101,1231235959,M1,9,300,.54,.3,000000,622848*********3877,R1,,"
    return {
        "wechat_trade": Sample(test_wechat_trade.bill(), 3),
        "wechat_fund": Sample(test_wechat_fund.bill(), 6),
        "alipay_trade": Sample(test_alipay_trade.bill(), 2),
        "alipay_account": Sample(test_alipay_account.bill(), 5),
        "alipay_trade_summary": Sample(test_alipay_totals.shops(), 2),
        "alipay_account_summary": Sample(test_alipay_totals.types(), 3),
        "unionpay_zm": Sample(zm.line() + b"\r\n" + zm.refund() + b"\r\n", 2),
        "unionpay_zme": Sample(error + b"\r\n", 1),
        "unionpay_acom": Sample(test_unionpay_acom.line() + b"\n", 1),
        "acquirer_clearing": Sample(text(acquirer.HEAD, clearing), 1),
        "lakala_jy": Sample(text(test_lakala.JY, test_lakala.SALE, test_lakala.REFUND), 2),
        **{f"lakala_{code}": Sample(text(columns[code], row), 1) for code, row in files.items()},
        "ums_detail": Sample(ums.export(ums.SALE, ums.REFUND), 2),
        "ums_pages": Sample(text("\t" * 20, page, page), 2),
        "statement_citic_credit": Sample(
            test_cn_card_statements.FILES["statement_citic_credit"], 3
        ),
        "statement_boc_credit": Sample(test_cn_card_statements.FILES["statement_boc_credit"], 2),
        "statement_bocom_credit": Sample(
            test_cn_card_statements.FILES["statement_bocom_credit"], 3
        ),
        "statement_cib": Sample(test_cn_card_statements.FILES["statement_cib"], 2),
        "personal_alipay": Sample(chinese(test_personal_bills.ALIPAY_TEXT), 4),
        "personal_wechat": Sample(text(test_personal_bills.WECHAT_TEXT), 2),
        "personal_jd": Sample(
            text(
                "导出信息：",
                "京东账号名：甲",
                "共：2笔记录",
                "交易时间,商户名称,交易说明,金额,收/付款方式,交易状态,收/支,交易分类,交易订单号,商家订单号,备注",
                f"{AT}\t,店,茶,131.77(已退款89.84),白条,交易成功,支出,日用,T1\t,O1\t,,",
                f"{AT}\t,店,茶,89.84,白条,退款成功,不计收支,日用,T2\t,O1\t,,",
            ),
            2,
        ),
        "personal_meituan": Sample(
            text(
                "美团交易账单明细",
                "共1笔记录",
                "交易创建时间,交易成功时间,交易类型,订单标题,收/支,支付方式,订单金额,实付金额,交易单号,商家单号,备注",
                f"{AT},{AT},支付,饭,支出,余额,¥30.00,¥28.10,T1,O1,/",
            ),
            1,
        ),
        "personal_pdd": Sample(
            text(
                "订单编号,订单金额,店铺,商品,订单状态,支付方式,下单时间",
                f"P1,12.30,店,茶,交易成功,余额,{AT}",
            ),
            1,
        ),
    }


def statements() -> dict[str, Sample]:
    """Return the samples of statements of Chinese banks, each with balances that chain."""
    blank = "20261120"
    return {
        "statement_icbc": Sample(chinese(test_cn_bank_statements.ICBC.rstrip("\n")), 2),
        "statement_boc": Sample(
            text(
                "中国银行交易流水明细单",
                "记账日期,记账时间,币别,金额,余额,交易名称,渠道,网点名称,附言,对方账户名,对方卡号/账号,对方开户行,借记卡号",
                '2026-11-20,10:00:03,人民币,-71.89,"3,240.28",支付,网上,-----,茶,甲,6226******5669,-----,3167',
                '2026-11-20,10:00:02,人民币,50.00,"3,312.17",退款,网上,-----,----,乙,6226******5669,-----,3167',
                '2026-11-20,10:00:01,人民币,"-2,600.00","3,262.17",转账,手机,-----,房,丙,6226******5669,-----,3167',
            ),
            3,
        ),
        "statement_bocom": Sample(
            text(
                "序号,交易日期,交易时间,交易类型,借贷,交易金额,余额,对方账号,对方户名,交易地点,摘要",
                "1,2026-11-20,10:00:00,利息,贷 Cr,1.23,101.23,a,b,c,",
                "2,2026-11-20,10:00:01,还款,借 Dr,3.21,98.02,a,b,c,",
                "3,2026-11-20,10:00:02,利息,贷 Cr,0.02,98.04,a,b,c,",
            ),
            3,
        ),
        "statement_abc": Sample(
            text(
                "交易日期,交易时间,交易摘要,交易金额,本次余额,对手信息,日 志 号,交易渠道,交易附言",
                f"{blank},123456,转存,+1000.00,1100.00,甲,369396693,超级网银,转账",
                f"{blank},123457,财付通,-10.00,1090.00,微信,369396694,电子商务,茶",
                f"{blank},,结息,+0.01,1090.01,--,0000000000,,利息",
            ),
            3,
        ),
        "statement_cmb": Sample(
            text(
                "记账日期,货币,交易金额,联机余额,交易摘要,对手信息,客户摘要",
                '2026-11-20,CNY,"1,234.00","1,271.66",代发,单位,提取',
                '2026-11-20,CNY,"-1,000.00",271.66,转账,张三,转账',
                "2026-11-20,CNY,-3.00,268.66,支付,国网,供电",
            ),
            3,
        ),
        "statement_cmb_credit": Sample(text(test_cn_bank_statements.CMB_CREDIT.rstrip("\n")), 2),
        "statement_cgb_credit": Sample(
            text(
                "交易日期,入账日期,交易摘要,交易金额,交易货币,入账金额,入账货币",
                "2026/11/19,2026/11/20,茶,15.90,人民币,15.90,人民币",
                "2026/11/19,2026/11/20,还款,-97.20,人民币,-97.20,人民币",
            ),
            2,
        ),
        "statement_hsbc_hk_credit": Sample(
            text(
                "Transaction date,Post date,Description,Billing amount,Billing currency,Transaction status,Merchant name,Country / region,Area / district,Credit / Debit",
                '20/11/2026,21/11/2026,SHOP,"-1,015.90",HKD,POSTED,SHOP,HK,HK,DEBIT',
                "20/11/2026,21/11/2026,PAYMENT,97.20,HKD,POSTED,,,,CREDIT",
            ),
            2,
        ),
        "statement_spdb": Sample(
            old_workbook(
                [
                    ["账号", "6200000000001230", "账户类型", "借记卡"],
                    [
                        "顺序号",
                        "交易日期",
                        "交易类型",
                        "存入金额",
                        "取出金额",
                        "余额",
                        "交易对手名称",
                        "交易对手账号",
                        "附言",
                    ],
                    ["1", "2026/11/20  14:06:51", "支付", "", "3.88", "1981.33", "甲", "123", ""],
                    ["2", "2026/11/20  15:22:32", "汇入", "10.00", "", "1991.33", "甲", "123", ""],
                    ["3", "2026/11/20  19:03:07", "支付", "", "3.88", "1987.45", "甲", "123", ""],
                ]
            ),
            3,
        ),
        "statement_ccb": Sample(old_workbook(test_old_workbook.CCB), 2),
        "statement_ccb_current": Sample(old_workbook(test_old_workbook.CCB_CURRENT), 2),
    }


def settlements() -> dict[str, Sample]:
    """Return the samples of settlement files of Chinese banks and payment companies."""
    sale = "M1|Sale|O1|20261120095147|19.80|a|19.80|622848*********1517|401|0.10|0.00|20261120|1|9|"
    vas = "ZF01|20261120|20261120003739|O1|G1|M1||50|0|50|AAAAAAA|||"
    card = "622848*********1517"
    return {
        "settlement_abc": Sample(text(test_cn_bank_settlement.ABC, sale), 1),
        "settlement_shanghai": Sample(
            chinese(
                "订单号|卡标志|币种|交易金额|交易类型|交易状态|交易日期|交易时间|清算日期|清算结果|备注",
                "O1|借记卡|人民币|10.00|支付|成功|2026-11-20|10:00:00|20261120|已清算|",
                "O2|借记卡|人民币|4.00|退款|成功|2026-11-20|11:00:00|20261120|已清算|",
            ),
            2,
        ),
        "settlement_boc": Sample(
            text(
                "1|1|2|10.00|4.00|6.00|",
                "104110059990001|O1|P1|T1|20261120100000|001|10.00|借记|PCEP||",
                "104110059990001|O2|P2|T1|20261120110000|001|4.00|借记|REFP||",
            ),
            2,
        ),
        "settlement_ccb": Sample(
            chinese(
                "交易流水明细",
                "交易时间 定单号 付款方账号 支付金额 退款金额 柜台号 备注1 备注2 付款方式 订单状态 记账日期",
                "2026-11-20 11:09:52\t1\t***7974\t0.10\t0.00\t55\t*\t*\t本地\t成功\t2026-11-20\t",
                "2026-11-20 11:09:53\t1\t***7974\t0.00\t0.04\t55\t*\t*\t本地\t成功\t20261120",
                "",
                "支付总金额/总笔数：0.10/1",
                "退款总金额/总笔数：0.04/1",
            ),
            2,
        ),
        "settlement_vas": Sample(chinese(vas, vas.replace("|O1|", "|O2|"), "共有 2  条记录"), 2),
        "settlement_vas_rural": Sample(
            text("1", "ZF01|20261120|20261120182025|O1|G1|M1||0.11|0|0.11|0000||"), 1
        ),
        "settlement_cgb_hz": Sample(
            chinese("#交易日期|网上支付交易订单号|交易金额", "20261120|O1|1,020.00"), 1
        ),
        "settlement_cib": Sample(
            chinese(
                "下单日期|网银交易流水号|商户代号|商户订单号|交易帐号|订单金额|退款金额|手续费|订单状态|交易日期|结算日期|银行流水号",
                f"20261120|N1|M1|O1|{card}|10.00|0.00|0.10|成功|20261120100000|20261120|B1",
            ),
            1,
        ),
        "settlement_cmbc": Sample(chinese(test_cn_bank_settlement.CMBC), 2),
        "settlement_hebei": Sample(
            chinese(
                "流水号,商户编码,订单号,订单金额,币种,姓名,交易日期,交易时间,交易状态,退款状态,对账结果",
                '"F1","M1","O1","1.00\t","人民币","*","20261120","100000","支付成功","",""',
            ),
            1,
        ),
        "settlement_hengfeng": Sample(
            chinese(
                "交易流水号;商户号;订单号;交易类型;交易状态;订单付款卡号;交易金额;交易日期",
                f"F1;M1;O1;支付;成功;{card};100.00;2026-11-20 10:00:00",
                f"F2;M1;O2;退款;成功;{card};50.00;2026-11-2011:00:00",
            ),
            2,
        ),
        "settlement_qingdao": Sample(
            chinese(
                "订单号\t交易时间\t网银流水号\t清算时间\t买方商户名称\t交易金额\t手续费\t交易状态\t交易结果",
                "O1\t2026年11月20日\tN1\t2026年11月20日\t甲\t100.00\t0.10\t成功\t订单支付",
                "O1\t2026年11月20日\tN2\t2026年11月20日\t甲\t50.00\t0.05\t成功\t订单退款",
            ),
            2,
        ),
        "settlement_cmb": Sample(text("20261120,20261120,0.10,0000008250,0"), 1),
        "settlement_cmb_trace": Sample(
            text("20261120,20261120,0.10,0000008250,0,12345678901234567890"), 1
        ),
        "settlement_citic_recharge": Sample(
            chinese(
                "充值对账文件",
                "订单号|订单日期|交易日期-时间|支付流水号|卡类型|结算金额",
                "-----------------------",
                "O1|20261120|2026-11-20-10:00:00|T1|借记卡|12.00",
                "=====================",
                "总计 交易总笔数：1 交易总金额:12.00",
            ),
            1,
        ),
        "settlement_abc_quickpay": Sample(
            chinese(
                f"103440000000001|20261120|20261120|{card}|320.00|12345678|000000000001|123456789012|贷记卡消费|"
            ),
            1,
        ),
        "settlement_dianyin": Sample(
            chinese(
                "交易流水号|交易时间|主账号|交易金额|交易手续费|交易消息类型|清算日期|电银商户号|电银终端号|订单号|银联参考号",
                "1",
                f"F1 |20261120100000 |{card} |10.00 |0.10 |消费 |20261120 |M1 |T1 |O1 |123456789012",
            ),
            1,
        ),
        "settlement_ips": Sample(
            chinese(
                "商户号123456",
                "总笔数1",
                "总金额10.00",
                "总手续费0.10",
                "商户订单号,IPS订单号,银行订单号,币种,订单金额,手续费,支付状态,商户提交日期,银行返回时间,交易类型",
                "[3233],I1,B1,RMB,10.00,0.10,成功,20261120,20261120,支付",
            ),
            1,
        ),
        "settlement_gaoyang": Sample(
            text("1.00,123456,O1,Y,20261120,0.01,RMB,F1,20261120,ICBC", "COUNT\t1\tSUMMONEY\t0.01"),
            1,
        ),
        "settlement_icbc_b2b": Sample(
            chinese(
                "商城代码：123456",
                "  0200000000000000001  O1  T1  10.00  指令处理完成，转账成功  2026-11-20 10:00  0.00",
            ),
            1,
        ),
        "settlement_icbc_b2c": Sample(
            chinese(
                "商城代码：123456",
                "  0200000000000000001  O1  T1  10.00  2026-11-20 10:00  支付成功已清算  无  0.00",
            ),
            1,
        ),
        "settlement_bob": Sample(test_settlement_bob.FILE.encode("gb18030"), 3),
        "settlement_abc_caret": Sample(
            text(
                "SALE^O1^1.50^V1^2026-5-6 0:14:02^B1^1^R1",
                "REFUND^O2^0.50^V2^2026-11-16 10:14:02^B1^2^R2",
            ),
            2,
        ),
        "settlement_bocom": Sample(
            chinese(
                "订单号 订单日期 交易日期-时间 支付流水号 卡类型 交易金额 手续费 实际结算金额 批次号",
                "O1  20261120  20261120-215006  T1  借记卡  1,100.00  5.50  1,094.50  B1",
            ),
            1,
        ),
        "settlement_boc_sz": Sample(
            chinese(
                "结算日期[20261120]",
                "商户号：104440059990001",
                "01080209 000001 4096-70XX-XXXX-4827 20261120 20261119 84.00 0.84 83.16 A12345 PCEP 0001 VISA 123456789012 O1",
            ),
            1,
        ),
        "settlement_citic_card": Sample(text(test_cn_reports.CITIC), 2),
        **{
            name: Sample(chinese(*lines), len(test_cn_regional_settlement.AMOUNTS[name]))
            for name, lines in test_cn_regional_settlement.FILES.items()
        },
        "unionpay_clearing_report": Sample(
            chinese(
                *(line for line in test_cn_reports.UNIONPAY.splitlines() if " xx " not in line)
            ),
            2,
        ),
    }


def providers() -> dict[str, Sample]:
    """Return the samples of banks abroad, payment providers and schemes."""
    ledger = (
        "Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,Booking Date,TimeZone,Record Type,"
        "Modification Psp Reference,Main Currency,Main Amount,Settlement Currency,Payable (SC),Commission (SC),Markup (SC),"
        "Scheme Fees (SC),Interchange (SC)"
    )
    dlocal = (
        "Type;Creation date;Settlement date;Reference;Invoice;Net Amount (local);currency;Status"
    )
    visa = "\n".join(test_visa_ctf.PROVED).encode()
    tables = {
        form.name: Sample(raw.encode(), 0, options)
        for form, options, raw, *_ in test_provider_tables.SAMPLES
    }
    return {
        **{name: Sample(one.raw, ROWS.get(name, 2), one.options) for name, one in tables.items()},
        "mt940": Sample(test_mt940.PAGES.encode(), 4),
        "mt942": Sample(test_mt942.REPORT.encode(), 3),
        "camt053": Sample(test_camt053.STATEMENT.encode(), 5),
        "camt052": Sample(test_camt052_camt054.REPORT, 5),
        "camt054": Sample(test_camt052_camt054.NOTIFICATION, 5),
        "bai2": Sample(test_bai2.REPORT.encode(), 3),
        "ofx": Sample(test_ofx.SGML.encode(), 2),
        "coda": Sample(test_coda.TEXT.encode(), 3),
        "norma43": Sample(test_norma43.TEXT.encode(), 2),
        "qif": Sample(b"!Type:Bank\nD2026-01-02\nT1.00\nN7\n^\nD2026-01-03\nT2.00\n^\n", 2),
        "adyen_settlement": Sample(test_adyen.BATCH.encode(), 6),
        "adyen_accounting": Sample(
            text(
                ledger, "C,M,P1,O1,mc,2026-01-15 10:00:00,CET,Settled,,EUR,10.00,EUR,9.80,0.20,,,"
            ),
            1,
        ),
        "stripe_report": Sample(test_stripe_report.PAYOUT.encode(), 3),
        "paypal_report": Sample(test_paypal_report.REPORT.encode(), 4),
        "paypal_subscriptions": Sample(test_paypal_subscriptions.REPORT.encode(), 2),
        "trustly": Sample(test_trustly_dlocal.FUNDING.encode(), 3),
        "dlocal_settlement": Sample(test_trustly_dlocal.SETTLEMENT.encode(), 4),
        "dlocal_transactions": Sample(
            text(
                dlocal,
                "payment;2026-01-15 10:00:00;2026-01-15 12:00:00;D1;O1;100.50;BRL;CLEARED",
                "refund;2026-01-15 10:00:00;2026-01-15 13:00:00;D2;O2;10.00;BRL;COMPLETED",
            ),
            2,
        ),
        "braintree": Sample(json.dumps(test_braintree_ingenico.OBJECTS, indent=1).encode(), 3),
        "ingenico_wx": Sample(INGENICO.encode(), 2),
        "mastercard_ipm": Sample(test_mastercard_ipm.written(test_mastercard_ipm.sample()), 5),
        "iso8583_log": Sample(test_iso8583_log.LOG.encode(), 6),
        "visa_ctf": Sample(visa, 2),
    }


ROWS = {"checkout_payouts": 1, "paypal_activity": 3}


@cache
def samples() -> dict[str, Sample]:
    """Return the sample of every registered format by its name."""
    return {**generic(), **wallets(), **statements(), **settlements(), **providers()}
