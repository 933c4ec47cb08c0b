using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Formats;

[TestClass]
public sealed class NpyHeaderTests
{
    [TestMethod]
    [DataRow("<f2", ElementType.Float16)]
    [DataRow("<f4", ElementType.Float32)]
    [DataRow("<f8", ElementType.Float64)]
    [DataRow("|u1", ElementType.UInt8)]
    [DataRow("|i1", ElementType.Int8)]
    [DataRow("<i2", ElementType.Int16)]
    [DataRow("<i4", ElementType.Int32)]
    [DataRow("<i8", ElementType.Int64)]
    [DataRow("|b1", ElementType.Bool)]
    public void Each_element_type_is_known(string descr, ElementType type) =>
        Assert.AreEqual(type, Read(Npy.File(descr, "(2,)")).Type);

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    public void Each_version_is_read(int version)
    {
        var header = Read(Npy.WithHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }", (byte)version));

        header.Shape.ShouldHold(3, 2);
    }

    [TestMethod]
    public void Keys_in_any_order_and_quotes_of_either_kind_are_read()
    {
        var header = Read(Npy.WithHeader("{\"shape\":(),'fortran_order' : False,'descr':\"|u1\"}"));

        Assert.IsEmpty(header.Shape);
    }

    [TestMethod]
    [DataRow("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 2), }", "stored in Fortran order; save numpy.ascontiguousarray(array)")]
    [DataRow("{'descr': '>f4', 'fortran_order': False, 'shape': (3, 2), }", "the array is big-endian ('>f4')")]
    [DataRow("{'descr': '|O', 'fortran_order': False, 'shape': (3, 2), }", "the array holds Python objects")]
    [DataRow("{'descr': '<c8', 'fortran_order': False, 'shape': (3, 2), }", "elements of type '<c8' are not supported")]
    [DataRow("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (3,), }", "the array is a structured one")]
    [DataRow("{'descr': '<f4', 'fortran_order': False, }", "one of 'descr', 'fortran_order' and 'shape' is missing")]
    [DataRow("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "the key 'descr' is unknown or given twice")]
    [DataRow("{'descr': '<f4', 'order': False, 'shape': (3,), }", "the key 'order' is unknown")]
    [DataRow("{'descr': '<f4', 'fortran_order': 0, 'shape': (3,), }", "'fortran_order' must be True or False")]
    [DataRow("{'descr': '<f4', 'fortran_order': False, 'shape': (-3,), }", "'' in 'shape' is not the length of an axis")]
    [DataRow("{'descr': '<f4', 'fortran_order': False, 'shape': (3 2), }", "a comma or ) is missing in 'shape'")]
    [DataRow("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "'99999999999999999999' in 'shape'")]
    [DataRow("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} + 1", "'+' follows the dictionary")]
    [DataRow("{'descr': '<f4' 'fortran_order': False}", "a comma or } is missing")]
    [DataRow("{'descr': '<f4", "''' is missing")]
    [DataRow("{'descr': '<f4', 'fortran_order': False, 'shape': (3", "a comma or ) is missing")]
    [DataRow("__import__('os')", "'{' is missing")]
    [DataRow("", "'{' is missing")]
    public void A_header_of_another_kind_is_refused(string header, string message)
    {
        var error = Assert.ThrowsExactly<DataException>(() => Read(Npy.WithHeader(header)));

        Assert.Contains(message, error.Message);
        Assert.StartsWith("a.npy, byte ", error.Message);
    }

    [TestMethod]
    public void The_offset_points_at_the_fault()
    {
        var error = Assert.ThrowsExactly<DataException>(() => Read(Npy.WithHeader("{'descr' '<f4'}")));

        Assert.AreEqual(10L + 9, error.Offset);   // 10 bytes of preamble, then {'descr' and a space
    }

    [TestMethod]
    public void Another_file_is_refused() =>
        Refused("PK\u0003\u0004 and more"u8.ToArray(), "byte 0: it does not start with \\x93NUMPY");

    [TestMethod]
    public void An_unknown_version_is_refused() =>
        Refused([.. Npy.File("<f4", "(1,)")[..6], 4, 0, 0, 0], ".npy version 4.0 is unknown");

    [TestMethod]
    public void A_file_that_ends_in_the_preamble_is_refused() =>
        Refused([0x93, 78], "it ends inside the .npy preamble");

    [TestMethod]
    public void A_file_that_ends_in_the_header_is_refused() =>
        Refused(Npy.File("<f4", "(1,)")[..40], "it ends inside the header");

    [TestMethod]
    public void A_header_that_claims_gigabytes_is_refused() =>
        Refused([.. Npy.File("<f4", "(1,)")[..6], 2, 0, 0xff, 0xff, 0xff, 0xff], "the header claims 4294967295 bytes");

    private static void Refused(byte[] file, string message) =>
        Assert.Contains(message, Assert.ThrowsExactly<DataException>(() => Read(file)).Message);

    private static NpyHeader Read(byte[] file) => NpyHeader.Read(new DataReader(new MemoryStream(file), "a.npy"));
}
