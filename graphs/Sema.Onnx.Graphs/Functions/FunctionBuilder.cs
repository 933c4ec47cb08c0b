namespace Sema.Onnx.Graphs.Functions;

/// <summary>Writes the body of a function of the domain <c>com.sema</c>: inputs and attributes by name, operators on values.</summary>
internal sealed class FunctionBuilder
{
    private readonly Graph _body;

    private FunctionBuilder(string name, string[] inputs)
    {
        _body = new Graph(name) { IsFunctionBody = true };
        foreach (var input in inputs)
            _body.AddInput(input, ElementType.Undefined, null);
    }

    /// <summary>Defines a function.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="inputs">Its inputs' names.</param>
    /// <param name="attributes">The names of the attributes that a node must give.</param>
    /// <param name="body">Makes the outputs from the inputs.</param>
    internal static Function Define(string name, string[] inputs, string[] attributes, Func<FunctionBuilder, Value[]> body)
    {
        var builder = new FunctionBuilder(name, inputs);
        builder._body.Outputs.AddRange(body(builder));
        return new(Model.SemaDomain, name, attributes, builder._body);
    }

    /// <summary>Gets an input.</summary>
    internal Value this[int input] => _body.Inputs[input];

    /// <summary>Passes an attribute of the calling node on to a node of the body.</summary>
    internal static AttributeReference IntsOf(string attribute) => new(attribute, typeof(long[]));

    /// <inheritdoc cref="IntsOf"/>
    internal static AttributeReference IntOf(string attribute) => new(attribute, typeof(long));

    /// <inheritdoc cref="IntsOf"/>
    internal static AttributeReference FloatOf(string attribute) => new(attribute, typeof(float));

    /// <summary>Gets a list attribute as an int64 vector.</summary>
    internal Value Ints(string attribute) => _body.Emit("Constant", [], ("value_ints", IntsOf(attribute))).As(ElementType.Int64);

    /// <summary>Gets an integer attribute as an int64 scalar.</summary>
    internal Value Int(string attribute) => _body.Emit("Constant", [], ("value_int", IntOf(attribute))).As(ElementType.Int64);

    /// <summary>Gets an integer attribute as an int64 vector of one element.</summary>
    internal Value IntVector(string attribute) => Int(attribute).Unsqueeze(0);

    /// <summary>Gets a float attribute as a float32 scalar.</summary>
    internal Value Float(string attribute) =>
        _body.Emit("Constant", [], ("value_float", FloatOf(attribute))).As(ElementType.Float32);

    /// <summary>Gets an int64 vector.</summary>
    internal Value Vector(params long[] elements) => _body.Vector(elements);

    /// <summary>Counts 0, 1, ... up to a size given by a vector of one element.</summary>
    internal Value Count(Value size) => _body.Emit("Range", [_body.Integer(0), size.Squeeze(0), _body.Integer(1)]);
}
