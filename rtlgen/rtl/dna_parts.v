// Which vector of a word of weights is at work. A word holds UPW vectors, of packed layers twice as many.
module dna_parts #(
    parameter UPW    = 1,    // 1 or 2
    parameter PACKED = 0     // there are packed layers
) (
    input  wire             clk,
    input  wire             packed_i,     // the layer's weights are packed
    input  wire             run_i,        // on through a word's vectors; otherwise the next one is the first of a word
    input  wire             step_i,       // to the next one
    output reg  [PACKED:0]  part_o,
    output wire             first_o, last_o
);
    wire       is_packed = PACKED != 0 && packed_i;
    wire [1:0] mask      = {UPW == 2 && is_packed, UPW == 2 || is_packed};    // vectors of a word, less one
    wire unused_mask = &{1'b0, mask};
    assign first_o = part_o == {(PACKED+1){1'b0}};
    assign last_o  = part_o == mask[PACKED:0];
    always @(posedge clk) begin
        if (!run_i) part_o <= {(PACKED+1){1'b0}};
        else if (step_i) part_o <= (part_o + 1'b1) & mask[PACKED:0];
    end
endmodule
